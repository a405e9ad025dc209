//! How the program at one end compresses what it sends: what is sent behind a message that another
//! thread compresses waits for it, and if that fails the connection ends.

use std::collections::VecDeque;
use std::time::Duration;

use ws_rs_engine::compression::{Compression, Job, JobId, Kind, Task};
use ws_rs_engine::connection::Options;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{DeflateOptions, OpCode};

use super::memory;
use super::side::What;

/// Where a message is compressed.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// On the event loop.
    Inline,
    /// There, until it has taken too long.
    Begun,
    /// There, and the first memory for the result is refused.
    Refused,
    /// By another thread.
    Job,
}

/// What came of it.
pub enum Compressed {
    Done(Vec<u8>),
    /// There is a job.
    Waits(Box<Job>),
    Failed,
}

/// A message, by what it was before.
#[derive(Debug)]
pub struct Message {
    pub opcode: OpCode,
    pub payload: Vec<u8>,
    pub options: Options,
}

#[derive(Debug)]
pub struct Compressor {
    pub codec: Id,
    /// Whether each message begins a new context.
    resets: bool,
    /// What a job is at work on.
    at_work: Option<(JobId, Message)>,
    /// What was sent behind it.
    pub waiting: VecDeque<(What, Options)>,
}

impl Compressor {
    pub fn new(compression: &mut Compression, resets: bool) -> Self {
        let options = DeflateOptions {
            level: 1,
            ..DeflateOptions::default()
        };
        Self {
            codec: compression.create(Kind::Deflate(options)).expect("few"),
            resets,
            at_work: None,
            waiting: VecDeque::new(),
        }
    }

    /// Whether what is sent now has to wait.
    pub const fn is_busy(&self) -> bool {
        self.at_work.is_some()
    }

    /// Begins with a message.
    pub fn begin(&mut self, compression: &mut Compression, payload: &[u8], way: Way) -> Compressed {
        let task = task(self.resets);
        let mut time = Duration::ZERO;
        let now = || {
            match way {
                Way::Begun => time += Duration::from_millis(1),
                Way::Refused => memory::refuse_next(),
                Way::Inline | Way::Job => {}
            }
            time
        };
        let job = match way {
            Way::Job => compression.start(self.codec, payload.to_vec(), task),
            _ => match compression.run(self.codec, payload, task, now) {
                Ok(Some(bytes)) => {
                    let was_refused = memory::was_refused();
                    assert!(!was_refused, "there was no memory, and nobody says so");
                    return Compressed::Done(bytes.to_vec());
                }
                Ok(None) => compression.start_rest(self.codec),
                Err(failure) => {
                    assert!(memory::was_refused(), "{failure:?} of a sound codec");
                    return Compressed::Failed;
                }
            },
        };
        let job = job.expect("a codec that is idle, or has a rest");
        Compressed::Waits(Box::new(job))
    }

    /// Waits for a job.
    pub fn wait(&mut self, job: JobId, message: Message) {
        assert!(self.at_work.is_none(), "one message at a time");
        self.at_work = Some((job, message));
    }

    /// What the job was at work on, if it was for this end.
    pub fn finished(&mut self, job: JobId) -> Option<Message> {
        let at_work = self.at_work.take_if(|(number, _)| *number == job);
        at_work.map(|(_, message)| message)
    }

    /// The connection has come to its end: nobody waits for anything any more.
    pub fn end(&mut self, compression: &mut Compression) {
        self.at_work = None;
        self.waiting.clear();
        compression.free(self.codec);
    }
}

/// A whole message.
pub fn task(reset: bool) -> Task {
    Task::message(reset, usize::MAX)
}
