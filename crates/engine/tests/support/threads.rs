//! The threads of one side, which do a job when they are told to: well, badly, late or never.

use std::collections::HashMap;

use ws_rs_engine::compression::{Compression, Failure, Finished, Job, JobId};
use ws_rs_protocol::CompressionError;

use super::memory;

/// What a thread does with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Work,
    /// It ends before it has begun.
    Drop,
    Panic,
    /// The first memory that it asks for is refused.
    Refuse,
}

#[derive(Debug, Default)]
pub struct Threads {
    pub compression: Compression,
    /// Those that no thread has taken yet.
    pub jobs: Vec<Job>,
    failed: HashMap<JobId, Failure>,
}

impl Threads {
    /// A thread takes one of the jobs, if there is any.
    pub fn run(&mut self, which: usize, does: Does) {
        if self.jobs.is_empty() {
            return;
        }
        let job = self.jobs.swap_remove(which % self.jobs.len());
        let number = job.number();
        let failure = match does {
            Does::Work => {
                job.run();
                return;
            }
            Does::Drop => {
                drop(job);
                Failure::Lost
            }
            Does::Panic => {
                // Without the message that `panic!` prints.
                job.run_after(|| std::panic::resume_unwind(Box::new("a fault")));
                Failure::Panicked
            }
            Does::Refuse => {
                job.run_after(memory::refuse_next);
                if !memory::was_refused() {
                    return;
                }
                Failure::Codec(CompressionError::OutOfMemory)
            }
        };
        self.failed.insert(number, failure);
    }

    /// What became of jobs; a job that failed has that as its result.
    pub fn take(&mut self) -> Vec<Finished> {
        let all = self.compression.take_finished();
        for finished in &all {
            let failure = self.failed.remove(&finished.job);
            if let Some(result) = &finished.result {
                assert_eq!(result.as_ref().err(), failure.as_ref());
            }
        }
        assert!(self.failed.is_empty(), "a job that failed has no result");
        assert_eq!(self.compression.running(), self.jobs.len());
        all
    }
}
