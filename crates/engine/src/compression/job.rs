//! Work on another thread. Each job has one result, whatever becomes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ws_rs_protocol::CompressionError;

use super::pool::Pool;
use super::state::State;
use super::task::{Failure, Kind, Task};
use crate::registry::Id;

/// The number of a job, never used twice.
pub type JobId = u64;

/// Has somebody look for results.
pub(super) type Wake = Box<dyn Fn() + Send + Sync>;

/// Work to go on with on another thread.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) payload: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) task: Task,
}

/// Where a job has its state from.
#[derive(Debug)]
pub(super) enum Source {
    /// The codec: the message goes on with its context.
    Own(State),
    /// The pool, for the time of the job; it goes on after `history`.
    Pool {
        pool: Pool,
        kind: Arc<Kind>,
        history: Vec<u8>,
    },
}

/// Work that is done, or never will be.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) job: JobId,
    pub(super) codec: Id,
    /// `None`: it came from the pool and is back there, or a panic ended it.
    pub(super) state: Option<State>,
    pub(super) task: Task,
    pub(super) result: Result<Vec<u8>, Failure>,
    /// What the payload was in, to be used again.
    pub(super) payload: Vec<u8>,
}

/// Work that another thread may do. It has its result when it was run or dropped: a thread that
/// panics, or that cannot be had, leaves nobody waiting.
#[derive(Debug)]
pub struct Job {
    work: Option<(Source, Rest)>,
    report: Report,
}

impl Job {
    pub(super) fn new(
        number: JobId,
        codec: Id,
        source: Source,
        rest: Rest,
        results: Arc<Results>,
    ) -> Self {
        let done = Done {
            job: number,
            codec,
            state: None,
            task: rest.task,
            result: Err(Failure::Lost),
            payload: Vec::new(),
        };
        Self {
            work: Some((source, rest)),
            report: Report {
                done: Some(done),
                results,
            },
        }
    }

    /// Its number, by which the result is known.
    #[must_use]
    pub const fn number(&self) -> JobId {
        match &self.report.done {
            Some(done) => done.job,
            None => 0,
        }
    }

    /// Does the work. A panic in it ends here, as the result.
    pub fn run(self) {
        self.run_after(|| ());
    }

    /// Does the work after something that may fail, for tests.
    #[doc(hidden)]
    pub fn run_after(mut self, before: impl FnOnce()) {
        let (Some((source, mut rest)), Some(done)) = (self.work.take(), &mut self.report.done)
        else {
            return;
        };
        // What a panic leaves half done, the state and the output, ends with it.
        let run = catch_unwind(AssertUnwindSafe(|| source.run(&mut rest, before)));
        let (state, result) = run.unwrap_or((None, Err(Failure::Panicked)));
        done.state = state;
        done.result = result.map(|()| rest.out);
        done.payload = rest.payload;
    }
}

impl Source {
    fn run(self, rest: &mut Rest, before: impl FnOnce()) -> (Option<State>, Result<(), Failure>) {
        let Rest { payload, out, task } = rest;
        let work = |state: &mut State| -> Result<(), CompressionError> {
            before();
            state.run(payload, *task, out)
        };
        let (state, result) = match self {
            Self::Own(mut state) => {
                state.prefetch(payload);
                let result = work(&mut state);
                (Some(state), result)
            }
            Self::Pool {
                pool,
                kind,
                history,
            } => {
                let mut state = pool.ready(&kind, &history, true);
                let result = work(&mut state);
                pool.give_back(state);
                (None, result)
            }
        };
        (state, result.map_err(Failure::Codec))
    }
}

/// Files its result when it is dropped.
#[derive(Debug)]
struct Report {
    done: Option<Done>,
    results: Arc<Results>,
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            self.results.add(done);
        }
    }
}

/// Results that nobody has taken yet.
#[derive(Default)]
pub(super) struct Results {
    list: Mutex<Vec<Done>>,
    wake: OnceLock<Wake>,
}

impl Results {
    /// Has `wake` called, by whichever thread, when there is something to take. The first one stays.
    pub(super) fn set_wake(&self, wake: Wake) {
        let _ = self.wake.set(wake);
    }

    pub(super) fn take(&self) -> Vec<Done> {
        std::mem::take(&mut *self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, done: Done) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = list.is_empty();
        list.push(done);
        drop(list);
        if is_first && let Some(wake) = self.wake.get() {
            wake();
        }
    }
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Results").finish_non_exhaustive()
    }
}
