//! The addon's own tokio runtime, started at the first job and stopped with the last environment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Compression saturates a core; more threads than cores only take turns, each with a state that it
/// has to fetch into the cache again. Two at least, so that a long message does not hold up all.
const MIN_BLOCKING_THREADS: usize = 2;
const MAX_BLOCKING_THREADS: usize = 4;
/// How long the last environment waits for jobs whose results nobody will read.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(100);

struct Shared {
    environments: usize,
    runtime: Option<Runtime>,
}

/// One runtime for all Node environments of the process: threads are not tied to any of them.
static SHARED: Mutex<Shared> = Mutex::new(Shared {
    environments: 0,
    runtime: None,
});

/// Counts an environment in.
pub(crate) fn retain() {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.environments += 1;
}

/// Counts an environment out; the last one stops the threads.
pub(crate) fn release() {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.environments = shared.environments.saturating_sub(1);
    if shared.environments == 0
        && let Some(runtime) = shared.runtime.take()
    {
        drop(shared);
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    }
}

/// Runs `job` on the blocking pool. It is dropped if that cannot be, or if the pool is stopped first.
///
/// # Errors
/// The threads could not be started.
pub(crate) fn spawn_blocking(job: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = match &mut shared.runtime {
        Some(runtime) => runtime,
        none => none.insert(
            Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(blocking_threads())
                .thread_name("ws-rs")
                .build()?,
        ),
    };
    // Without a single thread tokio panics.
    catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(job)))
        .map(|_| ())
        .map_err(|_| std::io::Error::other("no thread could be started"))
}

fn blocking_threads() -> usize {
    available_parallelism().map_or(MAX_BLOCKING_THREADS, |cores| {
        cores
            .get()
            .clamp(MIN_BLOCKING_THREADS, MAX_BLOCKING_THREADS)
    })
}
