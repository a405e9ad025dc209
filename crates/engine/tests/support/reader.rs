//! How the program at one end reads: what comes behind a message that another thread inflates waits
//! for it. Where that fails, or there is no memory, nothing more is read.

use std::time::Duration;

use ws_rs_engine::compression::{Compression, Failure, Job, JobId, Kind};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{Connection, ErrorKind, Event, Inflated};

use super::compressor::task;
use super::ledger::Seen;
use super::memory;

#[derive(Debug)]
pub struct Reader {
    pub codec: Id,
    /// Whether the peer begins a new context with each message.
    resets: bool,
    job: Option<JobId>,
    /// What has come and was not decoded.
    unread: Vec<u8>,
    /// Messages so far: every other one is inflated by another thread.
    count: usize,
    /// The next memory for a message is refused.
    pub is_short_of_memory: bool,
    /// The close code of what ended the reading.
    pub failed: Option<u16>,
}

impl Reader {
    pub fn new(compression: &mut Compression, resets: bool) -> Self {
        let kind = Kind::Inflate {
            window_bits: 15,
            dictionary: Vec::new(),
        };
        Self {
            codec: compression.create(kind).expect("few"),
            resets,
            job: None,
            unread: Vec::new(),
            count: 0,
            is_short_of_memory: false,
            failed: None,
        }
    }

    /// Decodes bytes of the peer; returns the events. What is to be inflated elsewhere is added to
    /// `jobs`.
    pub fn read(
        &mut self,
        protocol: &mut Connection<Vec<u8>>,
        bytes: &[u8],
        (compression, jobs): (&mut Compression, &mut Vec<Job>),
    ) -> Vec<Seen> {
        let mut seen = Vec::new();
        self.unread.extend_from_slice(bytes);
        if self.failed.is_some() {
            self.unread.clear();
        }
        if self.job.is_some() || self.failed.is_some() {
            return seen;
        }
        let mut bytes = std::mem::take(&mut self.unread);
        let mut input = protocol.handle_bytes(&mut bytes).expect("no chunk limit");
        loop {
            let mut poll = || protocol.poll_event(&mut input);
            let (event, was_refused) = if std::mem::take(&mut self.is_short_of_memory) {
                memory::refusing(poll)
            } else {
                (poll(), false)
            };
            let event = match event {
                Ok(None) => {
                    assert!(!was_refused, "a message has memory that it did not get");
                    return seen;
                }
                Ok(Some(event)) => event,
                Err(error) => {
                    assert!(was_refused, "{error} of a peer that keeps the rules");
                    assert_eq!(error.kind, ErrorKind::UnsupportedMessageLength);
                    self.failed = Some(error.close_code());
                    return seen;
                }
            };
            let Event::Compressed(frame) = event else {
                seen.push(Seen::of(event, &input));
                continue;
            };
            self.count += 1;
            let payload = input.payload(&frame.payload).to_vec();
            let task = task(self.resets);
            if self.count.is_multiple_of(2) {
                let job = compression.start(self.codec, payload, task);
                let job = job.expect("a codec that is idle");
                self.job = Some(job.number());
                jobs.push(job);
                let position = input.position();
                self.unread = bytes.split_off(position);
                return seen;
            }
            let plain = compression.run(self.codec, &payload, task, || Duration::ZERO);
            let plain = plain.expect("a sound message").expect("no time passes");
            seen.push(inflated(protocol, plain));
        }
    }

    /// Takes the result of a job if it is this end's; returns its event.
    pub fn finished(
        &mut self,
        protocol: &mut Connection<Vec<u8>>,
        job: JobId,
        result: &Result<Vec<u8>, Failure>,
    ) -> Option<Seen> {
        self.job.take_if(|number| *number == job)?;
        match result {
            Ok(bytes) => Some(inflated(protocol, bytes)),
            Err(_) => {
                self.failed = Some(1011);
                self.unread.clear();
                None
            }
        }
    }

    /// Whether it has read all that came.
    pub fn is_idle(&self) -> bool {
        self.job.is_none() && self.unread.is_empty()
    }

    /// Whether it waits for this job.
    pub fn waits_for(&self, job: JobId) -> bool {
        self.job == Some(job)
    }
}

fn inflated(protocol: &mut Connection<Vec<u8>>, bytes: &[u8]) -> Seen {
    match protocol.handle_inflated(bytes) {
        Ok(Inflated::Whole { binary: true }) => Seen::Binary(bytes.to_vec()),
        Ok(Inflated::Whole { binary: false }) => Seen::Text(bytes.to_vec()),
        other => panic!("{other:?} of a message in one frame"),
    }
}
