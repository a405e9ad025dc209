//! Two engines with two connections between them, over wires in memory and in virtual time.
//!
//! The far ones are servers, which lend payloads; the near ones are clients, which mask.

use std::time::Duration;

use ws_rs_engine::connection::{Options, Sent};
use ws_rs_engine::registry::{Id, Registry};
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{Control, Data, Frame, OpCode, Role, encode_frame};

use super::Payload;
use super::end::End;
use super::ledger::Seen;

pub const CONNECTIONS: usize = 2;

/// One engine: what the binding is to the addon, without Node.
#[derive(Debug)]
pub struct Side {
    schedule: Schedule,
    ends: Registry<End>,
    ids: Vec<Id>,
    /// In a turn with another to come.
    is_batched: bool,
}

/// What is sent.
#[derive(Debug)]
pub enum What {
    Joined(OpCode, Vec<u8>, bool),
    /// Whether there is memory to lend it.
    Lent(OpCode, Payload, bool, bool),
    Raw(Payload),
}

impl Side {
    fn new(role: Role, capacity: usize) -> Self {
        let mut ends = Registry::default();
        let ids: Vec<_> = (0..CONNECTIONS)
            .map(|_| ends.insert(End::new(role, capacity)).expect("few"))
            .collect();
        for id in &ids {
            ends.get_mut(*id).expect("kept").set_id(*id);
        }
        Self {
            schedule: Schedule::default(),
            ends,
            ids,
            is_batched: false,
        }
    }

    pub fn end(&mut self, index: usize) -> &mut End {
        self.ends.get_mut(self.ids[index]).expect("kept")
    }

    /// A send, behind a look at what is overdue; `None` if the connection is closed.
    pub fn send(
        &mut self,
        index: usize,
        what: &What,
        options: Options,
        now: Duration,
    ) -> Option<Sent> {
        self.look(now);
        let is_batched = self.is_batched;
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        if !end.is_open() {
            return None;
        }
        let clock = (&mut self.schedule, now);
        Some(match what {
            What::Joined(opcode, payload, fin) => {
                end.send(*opcode, payload, *fin, options, clock, is_batched)
            }
            What::Lent(opcode, payload, fin, can_lend) => {
                end.send_lent(*opcode, payload, *fin, options, *can_lend)
            }
            What::Raw(payload) => end.send_raw(payload, options, clock),
        })
    }

    /// A message for all connections of a server.
    pub fn share(&mut self, payload: &[u8], more_messages: bool, now: Duration) {
        let frame = Frame {
            fin: true,
            rsv1: false,
            opcode: OpCode::Data(Data::Binary),
            mask: None,
        };
        let mut bytes = Vec::new();
        encode_frame(&frame, payload, &mut bytes);
        let bytes = bytes.into();
        for id in &self.ids {
            let end = self.ends.get_mut(*id).expect("kept");
            end.share(&bytes, payload, more_messages, (&mut self.schedule, now));
        }
    }

    /// Writes what has waited for long enough.
    fn look(&mut self, now: Duration) {
        if self.schedule.is_overdue(|| now) {
            self.write_waiting();
        }
        self.check(now);
        for end in self.ends.iter_mut() {
            end.check_delay(now);
        }
    }

    fn write_waiting(&mut self) {
        let list = self.schedule.take_waiting();
        for id in &list {
            self.ends.get_mut(*id).expect("kept").write_waiting();
        }
        self.schedule.give_back(list);
    }

    pub fn end_tick(&mut self) {
        self.schedule.end_tick();
        for end in self.ends.iter_mut() {
            end.end_tick();
        }
        self.write_waiting();
        assert!(!self.schedule.has_waiting(), "nothing waits behind a tick");
    }

    pub fn check(&mut self, now: Duration) {
        let is_listed = self.schedule.has_waiting();
        for end in self.ends.iter_mut() {
            end.check(now, is_listed);
        }
    }
}

#[derive(Debug)]
pub struct Pair {
    pub near: Side,
    pub far: Side,
    pub now: Duration,
}

impl Pair {
    /// `capacity` is that of each wire, in bytes.
    pub fn new(capacity: usize) -> Self {
        Self {
            near: Side::new(Role::Client, capacity),
            far: Side::new(Role::Server, capacity),
            now: Duration::from_secs(1),
        }
    }

    pub fn side(&mut self, is_far: bool) -> &mut Side {
        if is_far {
            &mut self.far
        } else {
            &mut self.near
        }
    }

    /// A batch of turns on one side: each connection reads up to `most` bytes and answers `answers`
    /// of the first events; then wires that have room again are written to.
    pub fn batch(&mut self, is_far: bool, most: [usize; CONNECTIONS], answers: usize) {
        let now = self.now;
        let (side, peer) = if is_far {
            (&mut self.far, &mut self.near)
        } else {
            (&mut self.near, &mut self.far)
        };
        for (index, most) in most.into_iter().enumerate() {
            let more = index + 1 < CONNECTIONS;
            side.schedule.begin_turn(more);
            side.is_batched = more;
            let bytes = peer.end(index).wire.read(most);
            let events = side.end(index).receive(bytes);
            for (nth, seen) in events.iter().enumerate() {
                peer.end(index).ledger.arrive(seen);
                if nth < answers {
                    let options = Options {
                        more_messages: nth + 1 < events.len(),
                        track: nth % 2 == 0,
                    };
                    side.send(index, &answer(seen), options, now);
                }
            }
            side.is_batched = false;
            side.schedule.end_turn();
            for end in side.ends.iter_mut() {
                end.end_tick();
            }
            side.look(now);
        }
        side.write_waiting();
        assert!(!side.schedule.has_waiting(), "nothing waits behind a batch");
        // Room to write, as the reading has made it.
        for index in 0..CONNECTIONS {
            let end = peer.end(index);
            if end.engine.outbox().is_blocked() {
                end.write_waiting();
            }
            end.pump();
        }
    }

    /// All that was sent arrives, or is lost; then nothing is held.
    pub fn finish(mut self) {
        for is_far in [false, true] {
            for index in 0..CONNECTIONS {
                let wire = &mut self.side(is_far).end(index).wire;
                wire.faults.clear();
                wire.capacity = wire.capacity.max(1 << 20);
            }
        }
        let mut is_idle = false;
        while !is_idle {
            is_idle = true;
            for is_far in [false, true] {
                let side = self.side(is_far);
                side.end_tick();
                for index in 0..CONNECTIONS {
                    let end = side.end(index);
                    if end.engine.outbox().is_blocked() {
                        end.write_waiting();
                    }
                    end.pump();
                    is_idle &= end.wire.in_flight() == 0;
                }
                self.batch(!is_far, [usize::MAX; CONNECTIONS], 0);
            }
        }
        for is_far in [false, true] {
            for index in 0..CONNECTIONS {
                self.side(is_far).end(index).check_end();
            }
        }
    }
}

/// A pong for a ping, half of a message for a message.
fn answer(seen: &Seen) -> What {
    match seen {
        Seen::Ping(payload) => What::Joined(OpCode::Control(Control::Ping), payload.clone(), true),
        Seen::Close(payload) => {
            What::Joined(OpCode::Control(Control::Close), payload.clone(), true)
        }
        Seen::Text(payload) | Seen::Binary(payload) => What::Joined(
            OpCode::Data(Data::Binary),
            payload[payload.len() / 2..].to_vec(),
            true,
        ),
    }
}
