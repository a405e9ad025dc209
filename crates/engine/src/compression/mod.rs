//! Compression of connections: who has a state, what is kept of a context, and jobs on other threads.
//!
//! A codec is one direction of one connection. It is known by its number, takes one payload at a
//! time, and is given a state when it needs one. What takes too long for the event loop becomes a
//! [`Job`], which any thread may run; its result is taken on the event loop.

mod buffers;
mod codec;
mod coder;
mod job;
mod kept;
mod meter;
mod pool;
#[cfg(test)]
mod properties;
mod state;
mod task;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

pub use self::coder::{Coder, Tried};
pub use self::job::{Job, JobId};
pub use self::task::{Failure, Kind, Task};

use self::buffers::Buffers;
use self::codec::{Codec, Shared, lock, share};
use self::job::{Rest, Results, Source};
use self::kept::Kept;
use self::pool::Pool;
use crate::registry::{Id, Registry};

/// So much memory is taken for a result before it is needed, at most: a connection whose last message was long may send
/// short ones next.
const MOST_EXPECTED: usize = 1024 * 1024;

/// The output buffer is kept from message to message up to this capacity.
const SCRATCH: usize = 256 * 1024;

/// What became of a job.
#[derive(Debug)]
pub struct Finished {
    /// Its number.
    pub job: JobId,
    /// As its task said.
    pub is_lent: bool,
    /// `None`: nobody waits for it any more.
    pub result: Option<Result<Vec<u8>, Failure>>,
}

/// The compression of an environment.
#[derive(Debug, Default)]
pub struct Compression {
    codecs: Registry<Shared>,
    pool: Pool,
    kept: Kept,
    results: Arc<Results>,
    last_job: JobId,
    /// Jobs whose results were not taken yet.
    running: usize,
    scratch: Vec<u8>,
    buffers: Buffers,
}

impl Compression {
    /// A codec; `None` when there are four million.
    pub fn create(&mut self, kind: Kind) -> Option<Id> {
        self.codecs.insert(share(Codec::new(kind)))
    }

    /// Ends a codec: its state is at hand for others, at once or when its job comes back.
    pub fn free(&mut self, id: Id) {
        if let Some(codec) = self.codecs.remove(id) {
            let mut codec = lock(&codec);
            if codec.kept {
                self.kept.forget(id);
            }
            codec.is_closed = true;
            if let Some(state) = codec.state.take() {
                self.pool.give_back(state);
            }
        }
    }

    /// Notes that the peer of a compressor is sent what another one made of a message, with no
    /// reference to what was before. `end` is the message, or at least its last 4 KiB. Not between a
    /// message's own payloads.
    pub fn see(&mut self, id: Id, end: &Arc<[u8]>) {
        if let Some(codec) = self.codecs.get_mut(id) {
            lock(codec).see(end);
        }
    }

    /// Ends the context, which only a compressor may do at will.
    ///
    /// # Returns
    /// Whether it could: not while a message is worked on.
    pub fn end_context(&mut self, id: Id) -> bool {
        let Some(codec) = self.codecs.get_mut(id) else {
            return true;
        };
        let mut codec = lock(codec);
        if codec.is_busy() {
            return false;
        }
        end_context(id, &mut codec, &self.pool, &mut self.kept);
        codec.forget_alone();
        true
    }

    /// Compresses or decompresses, unless it takes too long: then [`start_rest`](Self::start_rest) has
    /// the rest done. `now` is the time since any moment; it is asked for long payloads only.
    ///
    /// # Returns
    /// The bytes, good until the next call; `None` if there is a rest.
    ///
    /// # Errors
    /// Any but [`Failure::Lost`]. The next payload begins a new context.
    pub fn run(
        &mut self,
        id: Id,
        payload: &[u8],
        task: Task,
        now: impl FnMut() -> Duration,
    ) -> Result<Option<&[u8]>, Failure> {
        let shared = self.codec(id)?;
        let mut codec = lock(&shared);
        match codec.begun.take() {
            None => {}
            Some(Ok(())) => return Ok(None),
            Some(Err(failure)) => {
                end_context(id, &mut codec, &self.pool, &mut self.kept);
                return Err(failure);
            }
        }
        self.make_ready(id, &mut codec, task)?;
        codec.remember(payload, task);
        let state = codec.state.as_mut().ok_or(Failure::NotReady)?;
        if self.scratch.capacity() > SCRATCH {
            self.scratch = Vec::new();
        }
        self.scratch.clear();
        let out = &mut self.scratch;
        let run = catch_unwind(AssertUnwindSafe(|| {
            if !task.reset {
                state.prefetch(payload);
            }
            state.run_inline(payload, task, out, now)
        }));
        let result = match run {
            Ok(result) => result.map_err(Failure::Codec),
            Err(_) => {
                // What it leaves half done ends with it.
                codec.state = None;
                Err(Failure::Panicked)
            }
        };
        match result {
            Ok(None) => {
                if task.reset {
                    end_context(id, &mut codec, &self.pool, &mut self.kept);
                }
                codec.done += u64::from(task.fin);
                Ok(Some(&self.scratch))
            }
            Ok(Some(done)) => {
                codec.rest = Some(Rest {
                    payload: payload[done..].to_vec(),
                    out: std::mem::take(&mut self.scratch),
                    task,
                });
                Ok(None)
            }
            Err(failure) => {
                end_context(id, &mut codec, &self.pool, &mut self.kept);
                self.scratch = Vec::new();
                Err(failure)
            }
        }
    }

    /// Has a whole payload done by another thread.
    ///
    /// # Errors
    /// [`Failure::NotReady`].
    pub fn start(&mut self, id: Id, payload: Vec<u8>, task: Task) -> Result<Job, Failure> {
        let shared = self.codec(id)?;
        let mut codec = idle(&shared)?;
        codec.used = true;
        codec.take_up_seen();
        if codec.state.is_none() && !codec.kind.is_from_pool(task, payload.len()) {
            self.make_ready(id, &mut codec, task)?;
        }
        let history = match codec.state {
            None => codec.history.clone(),
            Some(_) => Vec::new(),
        };
        codec.remember(&payload, task);
        let rest = Rest {
            payload,
            out: Vec::new(),
            task,
        };
        Ok(self.start_job(id, &mut codec, rest, history))
    }

    /// Has what [`run`](Self::run) left done by another thread.
    ///
    /// # Errors
    /// [`Failure::NotReady`].
    pub fn start_rest(&mut self, id: Id) -> Result<Job, Failure> {
        let shared = self.codec(id)?;
        let mut codec = lock(&shared);
        let rest = codec.rest.take().ok_or(Failure::NotReady)?;
        Ok(self.start_job(id, &mut codec, rest, Vec::new()))
    }

    /// Has another thread work for a codec as well, whenever it has nothing else to do: see
    /// [`Coder`]. `None`: there is no such codec.
    #[must_use]
    pub fn coder(&mut self, id: Id) -> Option<Coder> {
        let codec = self.codecs.get_mut(id)?;
        Some(Coder::new(Arc::clone(codec), self.pool.clone()))
    }

    /// A [`Coder`] is about to be given a message to compress. If that needs a context, the codec is
    /// among those that keep a compressor.
    pub fn prepare(&mut self, id: Id, reset: bool) {
        let Ok(shared) = self.codec(id) else { return };
        let mut codec = lock(&shared);
        codec.used = true;
        codec.given += 1;
        if !reset {
            self.keep(id, &mut codec);
        }
    }

    /// Of the messages that were to be given to a [`Coder`] one was not.
    pub fn unprepare(&mut self, id: Id) {
        if let Some(codec) = self.codecs.get_mut(id) {
            lock(codec).given -= 1;
        }
    }

    /// Has `wake` called when there are results to take, by the thread that made the first of them.
    /// The first `wake` stays.
    pub fn on_results(&mut self, wake: impl Fn() + Send + Sync + 'static) {
        self.results.set_wake(Box::new(wake));
    }

    /// What became of jobs since the last call; each is told once.
    pub fn take_finished(&mut self) -> Vec<Finished> {
        let done = self.results.take();
        self.running -= done.len();
        done.into_iter()
            .map(|done| {
                self.buffers.give_back(done.payload);
                let waits = self
                    .codecs
                    .get_mut(done.codec)
                    .map(|codec| lock(codec))
                    .filter(|codec| codec.job == Some(done.job));
                let Some(mut codec) = waits else {
                    if let Some(state) = done.state {
                        self.pool.give_back(state);
                    }
                    return Finished {
                        job: done.job,
                        is_lent: done.task.is_lent,
                        result: None,
                    };
                };
                codec.job = None;
                codec.state = done.state;
                codec.last_len = done.result.as_ref().map_or(0, Vec::len);
                if done.task.reset || done.result.is_err() {
                    end_context(done.codec, &mut codec, &self.pool, &mut self.kept);
                }
                codec.done += u64::from(done.task.fin && done.result.is_ok());
                Finished {
                    job: done.job,
                    is_lent: done.task.is_lent,
                    result: Some(done.result),
                }
            })
            .collect()
    }

    /// An empty buffer for `len` bytes, used before if possible.
    #[must_use]
    pub fn buffer(&mut self, len: usize) -> Vec<u8> {
        self.buffers.take(len)
    }

    /// Takes a result's buffer back when its bytes were copied.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        self.buffers.give_back(buffer);
    }

    /// Whether there is no codec, and no job.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.running == 0 && self.codecs.is_empty()
    }

    /// Jobs whose results were not taken yet.
    #[must_use]
    pub const fn running(&self) -> usize {
        self.running
    }

    /// How much more memory states take than at the last call, in bytes.
    pub fn take_memory_change(&mut self) -> i64 {
        self.pool.meter.take_change()
    }

    fn codec(&mut self, id: Id) -> Result<Shared, Failure> {
        let codec = self.codecs.get_mut(id).ok_or(Failure::NotReady)?;
        Ok(Arc::clone(codec))
    }

    /// Sees to it that the codec has a state.
    fn make_ready(&mut self, id: Id, codec: &mut Codec, task: Task) -> Result<(), Failure> {
        if codec.is_busy() {
            return Err(Failure::NotReady);
        }
        codec.used = true;
        codec.take_up_seen();
        if codec.state.is_some() {
            return Ok(());
        }
        if !task.reset && codec.kind.is_deflate() {
            self.keep(id, codec);
        }
        codec.state = Some(self.pool.ready(&codec.kind, &codec.history, task.reset));
        Ok(())
    }

    /// Has it keep a compressor, which another one may have to give up.
    fn keep(&mut self, id: Id, codec: &mut Codec) {
        if !std::mem::replace(&mut codec.kept, true)
            && let Some(state) = self.kept.add(id, &mut self.codecs)
        {
            self.pool.give_back(state);
        }
    }

    fn start_job(&mut self, id: Id, codec: &mut Codec, mut rest: Rest, history: Vec<u8>) -> Job {
        if rest.out.capacity() == 0 {
            // About as long as the last one, if there is memory for it: without, it grows in steps.
            let expected = codec.last_len + codec.last_len / 16 + 64;
            let expected = expected.min(rest.task.limit).min(MOST_EXPECTED);
            rest.out = self.buffers.take(expected);
            let _ = rest.out.try_reserve_exact(expected);
        }
        let source = match codec.state.take() {
            Some(state) => Source::Own(state),
            None => Source::Pool {
                pool: self.pool.clone(),
                kind: Arc::clone(&codec.kind),
                history,
            },
        };
        self.last_job += 1;
        self.running += 1;
        codec.job = Some(self.last_job);
        Job::new(self.last_job, id, source, rest, Arc::clone(&self.results))
    }
}

fn idle(codec: &Shared) -> Result<MutexGuard<'_, Codec>, Failure> {
    let codec = lock(codec);
    if codec.is_busy() {
        return Err(Failure::NotReady);
    }
    Ok(codec)
}

/// Gives the state back; the next message begins a new context.
fn end_context(id: Id, codec: &mut Codec, pool: &Pool, kept: &mut Kept) {
    if codec.kept {
        codec.kept = false;
        kept.forget(id);
    }
    if let Some(state) = codec.state.take() {
        pool.give_back(state);
    }
    codec.forget();
}

#[cfg(test)]
impl Compression {
    /// Codecs that keep a compressor.
    const fn kept(&self) -> usize {
        self.kept.len()
    }
}
