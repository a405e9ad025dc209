//! Compressors and decompressors by number; long jobs on the runtime's blocking pool.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{FromNapiValue, Function};
use napi::sys;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use ws_rs_protocol::{CompressionError, DeflateOptions, Deflater, Inflater, Strategy};

use super::call::{Call, Fault, Outcome, check};
use crate::runtime;

/// What V8 is told that a state takes (measured: 380 kB and 48 kB at the default options).
const DEFLATER_BYTES: i64 = 380 * 1024;
const INFLATER_BYTES: i64 = 48 * 1024;

/// What a codec answers instead of bytes.
const TOO_LONG: u32 = 1;
const OUT_OF_MEMORY: u32 = 2;

/// A compressor or decompressor; `None` while a job on another thread has it.
#[derive(Debug)]
pub(crate) struct Codec {
    state: Option<State>,
    external: i64,
}

#[derive(Debug)]
enum State {
    Deflater(Box<Deflater>),
    Inflater(Box<Inflater>),
}

/// One piece of work.
#[derive(Debug, Clone, Copy)]
struct Task {
    fin: bool,
    /// Forget the context after the message.
    reset: bool,
    /// The most bytes to inflate to.
    limit: Option<usize>,
}

#[derive(Debug)]
struct Done {
    codec: u32,
    token: u32,
    state: State,
    result: Result<Vec<u8>, CompressionError>,
}

type Wake = ThreadsafeFunction<(), napi::Unknown<'static>, (), napi::Status, false, true>;

/// The jobs of an environment: those on other threads, and those that came back.
#[derive(Default)]
pub(crate) struct Jobs {
    done: Arc<Mutex<Vec<Done>>>,
    wake: Option<Arc<Wake>>,
    running: usize,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

/// `deflaterCreate(level, windowBits, memLevel, strategy, dictionary?) -> id`
pub(crate) fn deflater_create(call: &Call<'_>) -> Outcome {
    let options = DeflateOptions {
        level: call.i32(0)?,
        window_bits: call.u32(1)?.min(15) as u8,
        mem_level: call.u32(2)?.min(9) as u8,
        strategy: match call.u32(3)? {
            1 => Strategy::Filtered,
            2 => Strategy::HuffmanOnly,
            3 => Strategy::Rle,
            4 => Strategy::Fixed,
            _ => Strategy::Default,
        },
        dictionary: dictionary(call, 4)?,
    };
    keep(
        call,
        State::Deflater(Box::new(Deflater::new(options))),
        DEFLATER_BYTES,
    )
}

/// `inflaterCreate(windowBits, dictionary?) -> id`
pub(crate) fn inflater_create(call: &Call<'_>) -> Outcome {
    let inflater = Inflater::new(call.u32(0)?.min(15) as u8, dictionary(call, 1)?);
    keep(call, State::Inflater(Box::new(inflater)), INFLATER_BYTES)
}

/// `codecFree(id)`: at once, or when its job comes back.
pub(crate) fn codec_free(call: &Call<'_>) -> Outcome {
    let codec = call.state.codecs.borrow_mut().remove(call.u32(0)?);
    if let Some(codec) = codec {
        adjust_external(call, -codec.external)?;
    }
    call.undefined()
}

/// `deflate(id, payload, fin, reset, token) -> Buffer | undefined`: with a token other than 0 the
/// work is done on another thread and comes out of `takeDone`.
pub(crate) fn deflate(call: &Call<'_>) -> Outcome {
    let task = Task {
        fin: call.bool(2)?,
        reset: call.bool(3)?,
        limit: None,
    };
    run(call, task, call.u32(4)?)
}

/// `inflate(id, payload, fin, reset, limit, token) -> Buffer | number | string | undefined`: a limit
/// of 0 is none; 1 means that the limit was passed, a string is zlib's word for what is corrupt.
pub(crate) fn inflate(call: &Call<'_>) -> Outcome {
    let limit = call.f64(4)?;
    let task = Task {
        fin: call.bool(2)?,
        reset: call.bool(3)?,
        limit: (limit > 0.0).then_some(limit as usize),
    };
    run(call, task, call.u32(5)?)
}

/// `onJobsDone(listener)`: called without arguments when `takeDone` has something to give.
pub(crate) fn on_jobs_done(call: &Call<'_>) -> Outcome {
    // SAFETY: a live environment and value of this call.
    let listener =
        unsafe { Function::<(), napi::Unknown<'static>>::from_napi_value(call.env, call.value(0)) };
    let wake = listener.and_then(|listener| {
        listener
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build()
    });
    let wake = wake.map_err(|_| Fault::Message("ws-rs: cannot listen for finished jobs"))?;
    call.state.jobs.borrow_mut().wake = Some(Arc::new(wake));
    call.undefined()
}

/// `takeDone() -> [token, Buffer | number | string, ...]`
pub(crate) fn take_done(call: &Call<'_>) -> Outcome {
    let done = {
        let mut jobs = call.state.jobs.borrow_mut();
        let done = std::mem::take(&mut *jobs.done.lock().unwrap_or_else(PoisonError::into_inner));
        jobs.running -= done.len();
        if jobs.running == 0 && !done.is_empty() {
            hold_loop(call, &jobs, false);
        }
        done
    };
    let mut items = Vec::with_capacity(2 * done.len());
    for job in done {
        if let Some(codec) = call.state.codecs.borrow_mut().get_mut(job.codec) {
            codec.state = Some(job.state);
        }
        items.push(call.number(job.token)?);
        items.push(answer(call, job.result)?);
    }
    call.array(&items)
}

fn dictionary(call: &Call<'_>, index: usize) -> Outcome<Vec<u8>> {
    let bytes = call.optional_bytes(index)?;
    // SAFETY: no JavaScript runs in this call, and the bytes are copied.
    Ok(bytes.map_or_else(Vec::new, |bytes| unsafe { bytes.slice() }.to_vec()))
}

fn keep(call: &Call<'_>, state: State, external: i64) -> Outcome {
    let codec = Codec {
        state: Some(state),
        external,
    };
    let id = call
        .state
        .codecs
        .borrow_mut()
        .insert(codec)
        .ok_or(Fault::Message(
            "ws-rs: too many compression states in one process",
        ))?;
    adjust_external(call, external)?;
    call.number(id)
}

/// Without this the garbage collector sees a number and no reason to run.
fn adjust_external(call: &Call<'_>, change: i64) -> Outcome<()> {
    let mut total = 0;
    // SAFETY: a live environment and a valid out pointer.
    check(unsafe { sys::napi_adjust_external_memory(call.env, change, &mut total) })
}

fn run(call: &Call<'_>, task: Task, token: u32) -> Outcome {
    let id = call.u32(0)?;
    let payload = call.bytes(1)?;
    let mut codecs = call.state.codecs.borrow_mut();
    let state = codecs
        .get_mut(id)
        .and_then(|codec| codec.state.as_mut())
        .ok_or(Fault::Message(
            "ws-rs: the compression state is closed or busy",
        ))?;
    if token == 0 {
        // SAFETY: no JavaScript runs in this call, and the payload is only read.
        return answer(call, state.run(unsafe { payload.slice() }, task));
    }
    // JavaScript may write to the payload while another thread reads: it gets a copy.
    // SAFETY: as above.
    let payload = unsafe { payload.slice() }.to_vec();
    let mut state = codecs
        .get_mut(id)
        .and_then(|codec| codec.state.take())
        .ok_or(Fault::Message(
            "ws-rs: the compression state is closed or busy",
        ))?;
    let mut jobs = call.state.jobs.borrow_mut();
    let wake = jobs
        .wake
        .clone()
        .ok_or(Fault::Message("ws-rs: nobody listens for finished jobs"))?;
    let done = Arc::clone(&jobs.done);
    runtime::spawn_blocking(move || {
        let result = state.run(&payload, task);
        let mut list = done.lock().unwrap_or_else(PoisonError::into_inner);
        let first = list.is_empty();
        list.push(Done {
            codec: id,
            token,
            state,
            result,
        });
        drop(list);
        if first {
            // A dying environment does not listen any more; then nobody waits for the result.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    })
    .map_err(|_| Fault::Message("ws-rs: cannot start a thread for compression"))?;
    jobs.running += 1;
    if jobs.running == 1 {
        hold_loop(call, &jobs, true);
    }
    call.undefined()
}

/// A running job keeps the process alive, as zlib's do.
fn hold_loop(call: &Call<'_>, jobs: &Jobs, hold: bool) {
    let Some(wake) = &jobs.wake else { return };
    // SAFETY: the function is open as long as `wake` lives, and this is the thread of its loop.
    unsafe {
        if hold {
            sys::napi_ref_threadsafe_function(call.env, wake.raw());
        } else {
            sys::napi_unref_threadsafe_function(call.env, wake.raw());
        }
    }
}

fn answer(call: &Call<'_>, result: Result<Vec<u8>, CompressionError>) -> Outcome {
    match result {
        Ok(bytes) => call.buffer(&bytes),
        Err(CompressionError::TooLong) => call.number(TOO_LONG),
        Err(CompressionError::OutOfMemory) => call.number(OUT_OF_MEMORY),
        Err(CompressionError::Corrupt(text)) => call.string(text),
    }
}

impl State {
    fn run(&mut self, payload: &[u8], task: Task) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        match self {
            Self::Deflater(deflater) => {
                deflater.compress(payload, task.fin, &mut out)?;
                if task.reset {
                    deflater.reset();
                }
            }
            Self::Inflater(inflater) => {
                inflater.decompress(payload, task.fin, task.limit, &mut out)?;
                if task.reset || inflater.has_ended() {
                    inflater.reset();
                }
            }
        }
        Ok(out)
    }
}
