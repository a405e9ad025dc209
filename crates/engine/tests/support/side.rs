//! One engine with its connections: what the binding is to the addon, without Node.

use std::time::Duration;

use ws_rs_engine::compression::Finished;
use ws_rs_engine::connection::{Options, Sent};
use ws_rs_engine::registry::{Id, Registry};
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{Control, Data, Frame, OpCode, Role, encode_frame};

use super::Payload;
use super::compressor::{Compressed, Message, Way};
use super::end::End;
use super::ledger::Seen;
use super::threads::Threads;

pub const CONNECTIONS: usize = 2;

#[derive(Debug)]
pub struct Side {
    pub schedule: Schedule,
    pub ends: Registry<End>,
    ids: Vec<Id>,
    pub threads: Threads,
    /// In a turn whose first frame may wait: there is another to come, or what others were sent waits.
    pub is_batched: bool,
}

/// What is sent.
#[derive(Debug, Clone)]
pub enum What {
    Joined(OpCode, Vec<u8>, bool),
    /// Whether there is memory to lend it.
    Lent(OpCode, Payload, bool, bool),
    Raw(Payload),
    /// A whole message, uncompressed if one is open.
    Compressed(OpCode, Vec<u8>, Way),
}

impl Side {
    /// The second connection begins a new context with each compressed message.
    pub fn new(role: Role, capacity: usize) -> Self {
        let mut ends = Registry::default();
        let mut threads = Threads::default();
        let ids: Vec<_> = (0..CONNECTIONS)
            .map(|index| {
                let end = End::new(role, capacity, index == 1, &mut threads);
                ends.insert(end).expect("few")
            })
            .collect();
        for id in &ids {
            ends.get_mut(*id).expect("kept").set_id(*id);
        }
        Self {
            schedule: Schedule::default(),
            ends,
            ids,
            threads,
            is_batched: false,
        }
    }

    pub fn end(&mut self, index: usize) -> &mut End {
        self.ends.get_mut(self.ids[index]).expect("kept")
    }

    /// A send, behind a look at what is overdue; `None` if the connection is closed, or if something
    /// has to be compressed before.
    pub fn send(
        &mut self,
        index: usize,
        what: &What,
        options: Options,
        now: Duration,
    ) -> Option<Sent> {
        self.look(now);
        let end = self.end(index);
        if !end.is_open() {
            return None;
        }
        if end.compressor.is_busy() {
            end.compressor.waiting.push_back((what.clone(), options));
            return None;
        }
        let is_batched = self.is_batched;
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        let clock = (&mut self.schedule, now);
        Some(match what {
            What::Compressed(opcode, payload, _) if end.has_open_message() => {
                end.send(*opcode, payload, true, options, clock, is_batched)
            }
            What::Compressed(opcode, payload, way) => {
                let message = Message {
                    opcode: *opcode,
                    payload: payload.clone(),
                    options,
                };
                return self.compress(index, message, *way, now);
            }
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
        let binary = OpCode::Data(Data::Binary);
        let frame = Frame {
            fin: true,
            rsv1: false,
            opcode: binary,
            mask: None,
        };
        let mut bytes = Vec::new();
        encode_frame(&frame, payload, &mut bytes);
        let bytes = bytes.into();
        for id in &self.ids {
            let end = self.ends.get_mut(*id).expect("kept");
            if end.compressor.is_busy() {
                let options = Options {
                    more_messages,
                    track: false,
                };
                let what = What::Joined(binary, payload.to_vec(), true);
                end.compressor.waiting.push_back((what, options));
                continue;
            }
            end.share(&bytes, payload, more_messages, (&mut self.schedule, now));
        }
    }

    /// A send that fails, as there is no memory for its frame.
    pub fn send_nothing(&mut self, index: usize, payload: &[u8], now: Duration) {
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        end.send_nothing(payload, (&mut self.schedule, now));
    }

    /// The program destroys a connection, whatever it waits for.
    pub fn destroy(&mut self, index: usize) {
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        end.compressor.end(&mut self.threads.compression);
        end.destroy();
    }

    /// Decodes bytes of the peer; returns the events. Reading that fails closes the connection.
    pub fn receive(&mut self, index: usize, bytes: &[u8], now: Duration) -> Vec<Seen> {
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        let had_failed = end.reader.failed;
        let seen = end.receive(bytes, &mut self.threads);
        if end.reader.failed != had_failed {
            self.close_failed(index, now);
        }
        seen
    }

    /// Takes the result of a job if it is of this connection: sends what was compressed and what was
    /// sent behind it, or returns the events of what was inflated and has come behind it.
    pub fn finished(
        &mut self,
        index: usize,
        finished: &Finished,
        now: Duration,
    ) -> Option<Vec<Seen>> {
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        let result = finished.result.as_ref()?;
        if let Some(message) = end.compressor.finished(finished.job) {
            match result {
                Ok(bytes) => {
                    self.send_made(index, &message, bytes, now);
                    self.send_rest(index, now);
                }
                Err(_) => self.destroy(index),
            }
            return Some(Vec::new());
        }
        if !end.reader.waits_for(finished.job) {
            return None;
        }
        let protocol = &mut end.engine.protocol;
        let first = end.reader.finished(protocol, finished.job, result);
        let Some(first) = first else {
            self.close_failed(index, now);
            return Some(Vec::new());
        };
        let mut seen = vec![first];
        seen.extend(self.receive(index, &[], now));
        Some(seen)
    }

    /// Writes what has waited for long enough.
    pub fn look(&mut self, now: Duration) {
        if self.schedule.is_overdue(false, || false, || now) {
            self.write_waiting();
        }
        self.check(now);
        for end in self.ends.iter_mut() {
            end.check_delay(now);
        }
    }

    pub fn write_waiting(&mut self) {
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

    /// Whether no job is left, and nobody waits for one.
    pub fn is_idle(&mut self) -> bool {
        let is_idle = |end: &mut End| !end.compressor.is_busy() && end.reader.is_idle();
        self.threads.jobs.is_empty() && self.ends.iter_mut().all(is_idle)
    }

    /// Nothing is left of compression when its codecs are given up.
    pub fn check_end(&mut self) {
        let compression = &mut self.threads.compression;
        for end in self.ends.iter_mut() {
            assert!(end.compressor.waiting.is_empty(), "it waits for nothing");
            compression.free(end.compressor.codec);
            compression.free(end.reader.codec);
        }
        assert!(compression.is_unused(), "a codec or job is left");
    }

    fn compress(
        &mut self,
        index: usize,
        message: Message,
        way: Way,
        now: Duration,
    ) -> Option<Sent> {
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        let compression = &mut self.threads.compression;
        match end.compressor.begin(compression, &message.payload, way) {
            Compressed::Done(bytes) => Some(self.send_made(index, &message, &bytes, now)),
            Compressed::Waits(job) => {
                end.compressor.wait(job.number(), message);
                self.threads.jobs.push(*job);
                None
            }
            Compressed::Failed => {
                self.destroy(index);
                None
            }
        }
    }

    fn send_made(&mut self, index: usize, message: &Message, bytes: &[u8], now: Duration) -> Sent {
        self.look(now);
        let end = self.ends.get_mut(self.ids[index]).expect("kept");
        end.send_compressed(message, bytes, (&mut self.schedule, now), self.is_batched)
    }

    /// Sends what was sent behind a message, up to the next one that has to be waited for.
    fn send_rest(&mut self, index: usize, now: Duration) {
        while !self.end(index).compressor.is_busy()
            && let Some((what, options)) = self.end(index).compressor.waiting.pop_front()
        {
            self.send(index, &what, options, now);
        }
    }

    fn close_failed(&mut self, index: usize, now: Duration) {
        let code = self.end(index).reader.failed.expect("it failed");
        let close = OpCode::Control(Control::Close);
        let what = What::Joined(close, code.to_be_bytes().to_vec(), true);
        self.send(index, &what, Options::default(), now);
    }
}
