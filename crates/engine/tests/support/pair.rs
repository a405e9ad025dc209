//! Two engines with two connections between them, over wires in memory and in virtual time.
//!
//! The far ones are servers, which lend payloads; the near ones are clients, which mask.

use std::time::Duration;

use ws_rs_engine::connection::Options;
use ws_rs_protocol::{Control, Data, OpCode, Role};

use super::ledger::Seen;
pub use super::side::{CONNECTIONS, Side, What};
use super::threads::Does;

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
            // The last answers behind what waits of the others.
            side.is_batched = more || side.schedule.has_waiting();
            let bytes = peer.end(index).wire.read(most);
            let events = side.receive(index, &bytes, now);
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

    /// One side takes the results of its jobs, in a tick of its own.
    pub fn take_results(&mut self, is_far: bool) {
        let now = self.now;
        let (side, peer) = if is_far {
            (&mut self.far, &mut self.near)
        } else {
            (&mut self.near, &mut self.far)
        };
        side.end_tick();
        for finished in side.threads.take() {
            let is_wanted = finished.result.is_some();
            let mut takers = 0;
            for index in 0..CONNECTIONS {
                if let Some(events) = side.finished(index, &finished, now) {
                    takers += 1;
                    for seen in &events {
                        peer.end(index).ledger.arrive(seen);
                    }
                }
            }
            assert_eq!(takers, usize::from(is_wanted), "a result is for one");
        }
        side.end_tick();
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
                while !side.threads.jobs.is_empty() {
                    side.threads.run(0, Does::Work);
                }
                self.take_results(is_far);
                let side = self.side(is_far);
                is_idle &= side.is_idle();
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
                let is_read = self.side(!is_far).end(index).reader.failed.is_none();
                self.side(is_far).end(index).check_end(is_read);
            }
            self.side(is_far).check_end();
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
