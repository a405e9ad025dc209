//! Compressors and decompressors by number; long jobs on the runtime's blocking pool.

mod codec;
mod jobs;
mod pool;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use napi_sys as sys;
use ws_rs_protocol::{CompressionError, DeflateOptions, Strategy};

use self::codec::{Codec, Kind, Rest, State, Task};
use self::jobs::{Jobs, Source, into_buffer};
use self::pool::{SharedPool, StatePool};
use super::call::{Call, Fault, Outcome, check};
use ws_rs_engine::registry::{Id, Registry};

/// What a codec answers instead of bytes or their number.
const TOO_LONG: u32 = u32::MAX;
const OUT_OF_MEMORY: u32 = u32::MAX - 1;

// Flags of a task.
const FIN: u32 = 1;
const RESET: u32 = 2;
const AWAY: u32 = 4;

/// Results up to this length go to the memory that JavaScript lends for many of them.
const SHARED: usize = 8 * 1024;
/// The output buffer is kept from message to message up to this capacity.
const SCRATCH: usize = 256 * 1024;

/// A message of this many bytes needs no more context than is remembered of each connection: it
/// takes a compressor from the pool, which is in the cache, and has all the context it needs soon.
const LONG: usize = 128 * 1024;

/// The compression of an environment.
#[derive(Debug, Default)]
pub(crate) struct Compression {
    codecs: RefCell<Registry<Codec>>,
    /// How many there are.
    count: Cell<usize>,
    pool: SharedPool,
    jobs: RefCell<Jobs>,
    scratch: RefCell<Vec<u8>>,
}

impl Compression {
    /// Whoever had a codec is gone.
    pub(crate) fn rest(&self) {
        self.jobs.borrow().rest();
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
    add(call, Kind::Deflate(options.in_range()))
}

/// `inflaterCreate(windowBits, dictionary?) -> id`
pub(crate) fn inflater_create(call: &Call<'_>) -> Outcome {
    let kind = Kind::Inflate {
        window_bits: call.u32(0)?.clamp(9, 15) as u8,
        dictionary: dictionary(call, 1)?,
    };
    add(call, kind)
}

/// `codecFree(id)`: its state is at hand for others, at once or when its job comes back.
pub(crate) fn codec_free(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let compression = &call.state.compression;
    let mut pool = compression.pool.lock();
    if let Some(codec) = compression.codecs.borrow_mut().remove(id) {
        if codec.kept {
            pool.forget(id);
        }
        if let Some(state) = codec.state {
            pool.give_back(state);
        }
        compression.count.set(compression.count.get() - 1);
        if compression.count.get() == 0 {
            compression.rest();
        }
    }
    report_memory(call, &mut pool)?;
    call.undefined()
}

/// `codecRelease(id) -> 0 | 1`: ends the context, which only a compressor may do at will. 0 means
/// that a job has it.
pub(crate) fn codec_release(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let compression = &call.state.compression;
    let mut pool = compression.pool.lock();
    let mut codecs = compression.codecs.borrow_mut();
    let Some(codec) = codecs.get_mut(id) else {
        return call.number(1);
    };
    if codec.busy || codec.rest.is_some() {
        return call.number(0);
    }
    end_context(id, codec, &mut pool);
    report_memory(call, &mut pool)?;
    call.number(1)
}

/// `codecRun(id, payload, flags, limit, memory, at) -> number | Buffer | string | undefined`
///
/// Compresses or decompresses. The result is the number of bytes put into `memory` from `at` on; or,
/// if they do not fit there, a `Buffer`; or what is wrong: `TOO_LONG` (the limit, in bytes, 0 for
/// none), `OUT_OF_MEMORY`, or zlib's word for what is corrupt. `undefined`: there is more to do than
/// the event loop should wait for; `codecContinue` has it done.
pub(crate) fn codec_run(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let payload = call.bytes(1)?;
    let flags = call.u32(2)?;
    let limit = call.f64(3)?;
    let task = Task {
        fin: flags & FIN != 0,
        reset: flags & RESET != 0,
        limit: if limit > 0.0 {
            limit as usize
        } else {
            usize::MAX
        },
    };
    let compression = &call.state.compression;
    let mut codecs = compression.codecs.borrow_mut();
    let mut pool = compression.pool.lock();
    let away = flags & AWAY != 0;
    // SAFETY: no JavaScript runs in this call, and the payload is only read.
    let payload = unsafe { payload.slice() };
    let takes_later = away && (task.reset || payload.len() >= LONG);
    let codec = prepare(id, task, takes_later, &mut codecs, &mut pool)?;
    report_memory(call, &mut pool)?;
    // Other threads want it too.
    drop(pool);
    let history = match codec.state {
        None => codec.history().to_vec(),
        Some(_) => Vec::new(),
    };
    if !task.reset && matches!(*codec.kind, Kind::Deflate(_)) {
        codec.remember(payload);
    }
    if away {
        codec.rest = Some(Rest {
            // JavaScript may write to the payload while another thread reads: it gets a copy.
            payload: payload.to_vec(),
            history,
            out: Vec::new(),
            task,
        });
        return call.undefined();
    }
    let mut scratch = compression.scratch.borrow_mut();
    scratch.clear();
    let state = codec.state.as_mut().ok_or(GONE)?;
    if !task.reset {
        state.prefetch(payload);
    }
    match state.run_inline(payload, task, &mut scratch) {
        Ok(None) => {
            if task.reset {
                end_context(id, codec, &mut compression.pool.lock());
            }
            let answer = hand_out(call, &scratch);
            if scratch.capacity() > SCRATCH {
                *scratch = Vec::new();
            }
            answer
        }
        Ok(Some(done)) => {
            codec.rest = Some(Rest {
                payload: payload[done..].to_vec(),
                history: Vec::new(),
                out: std::mem::take(&mut *scratch),
                task,
            });
            call.undefined()
        }
        Err(error) => {
            end_context(id, codec, &mut compression.pool.lock());
            *scratch = Vec::new();
            fault(call, error)
        }
    }
}

/// `codecContinue(id)`: does on another thread what `codecRun` left; `takeDone` has the result.
pub(crate) fn codec_continue(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let compression = &call.state.compression;
    let mut codecs = compression.codecs.borrow_mut();
    let codec = codecs.get_mut(id).ok_or(GONE)?;
    let mut rest = codec.rest.take().ok_or(GONE)?;
    if rest.out.capacity() == 0 {
        rest.expect(codec.last_len);
    }
    let source = match codec.state.take() {
        Some(state) => Source::Own(state),
        None => Source::Pool {
            pool: compression.pool.clone(),
            kind: Arc::clone(&codec.kind),
            history: std::mem::take(&mut rest.history),
        },
    };
    compression
        .jobs
        .borrow_mut()
        .start(call, id, source, rest)?;
    codec.busy = true;
    call.undefined()
}

/// `onJobsDone(listener)`: called without arguments when `takeDone` has something to give.
pub(crate) fn on_jobs_done(call: &Call<'_>) -> Outcome {
    call.state.compression.jobs.borrow_mut().listen(call)?;
    call.undefined()
}

/// `takeDone() -> [id, Buffer | number | string, ...]`, as from `codecRun`
pub(crate) fn take_done(call: &Call<'_>) -> Outcome {
    let compression = &call.state.compression;
    let done = compression.jobs.borrow_mut().take(call);
    if compression.count.get() == 0 {
        compression.rest();
    }
    let mut items = Vec::with_capacity(2 * done.len());
    for job in done {
        let mut pool = compression.pool.lock();
        match compression.codecs.borrow_mut().get_mut(job.codec) {
            Some(codec) => {
                codec.busy = false;
                codec.state = job.state;
                codec.last_len = job.result.as_ref().map_or(0, Vec::len);
                if job.task.reset || job.result.is_err() {
                    end_context(job.codec, codec, &mut pool);
                }
            }
            None => {
                if let Some(state) = job.state {
                    pool.give_back(state);
                }
            }
        }
        report_memory(call, &mut pool)?;
        drop(pool);
        items.push(call.double(job.codec as f64)?);
        items.push(match job.result {
            Ok(bytes) => into_buffer(call, bytes)?,
            Err(error) => fault(call, error)?,
        });
    }
    call.array(&items)
}

const GONE: Fault = Fault::Message("ws-rs: the compression state is closed or busy");

fn dictionary(call: &Call<'_>, index: usize) -> Outcome<Vec<u8>> {
    let bytes = call.optional_bytes(index)?;
    // SAFETY: no JavaScript runs in this call, and the bytes are copied.
    Ok(bytes.map_or_else(Vec::new, |bytes| unsafe { bytes.slice() }.to_vec()))
}

fn add(call: &Call<'_>, kind: Kind) -> Outcome {
    let compression = &call.state.compression;
    let id = compression
        .codecs
        .borrow_mut()
        .insert(Codec::new(kind))
        .ok_or(Fault::Message(
            "ws-rs: too many compression states in one process",
        ))?;
    compression.count.set(compression.count.get() + 1);
    call.double(id as f64)
}

/// The codec, with a state for this message; a thread that does the whole of it and keeps nothing
/// takes one itself, when its turn has come.
fn prepare<'a>(
    id: Id,
    task: Task,
    takes_later: bool,
    codecs: &'a mut Registry<Codec>,
    pool: &mut StatePool,
) -> Outcome<&'a mut Codec> {
    let codec = codecs.get_mut(id).ok_or(GONE)?;
    if codec.busy || codec.rest.is_some() {
        return Err(GONE);
    }
    codec.used = true;
    let is_inflater = matches!(*codec.kind, Kind::Inflate { .. });
    if codec.state.is_none() && !(takes_later && (task.reset || !is_inflater)) {
        let is_kept = !task.reset && matches!(*codec.kind, Kind::Deflate(_));
        if is_kept {
            codec.kept = true;
            pool.keep(id, codecs);
        }
        let codec = codecs.get_mut(id).ok_or(GONE)?;
        let spare = pool.take(&codec.kind, task.reset);
        codec.state = Some(State::ready(
            spare,
            &codec.kind,
            codec.history(),
            task.reset,
        ));
    }
    codecs.get_mut(id).ok_or(GONE)
}

/// Gives the state back; the next message begins a new context.
fn end_context(id: Id, codec: &mut Codec, pool: &mut StatePool) {
    if codec.kept {
        codec.kept = false;
        pool.forget(id);
    }
    if let Some(state) = codec.state.take() {
        pool.give_back(state);
    }
    codec.forget();
}

/// Puts a result into the memory of the call if it is short and there is room.
fn hand_out(call: &Call<'_>, bytes: &[u8]) -> Outcome {
    if bytes.len() <= SHARED {
        let memory = call.bytes(4)?;
        let at = call.u32(5)? as usize;
        // SAFETY: no JavaScript runs in this call; nobody has a slice of this memory, which the
        // caller lends for results only.
        let memory = unsafe { memory.slice_mut() };
        if let Some(room) = memory
            .get_mut(at..)
            .and_then(|room| room.get_mut(..bytes.len()))
        {
            room.copy_from_slice(bytes);
            return call.number(bytes.len() as u32);
        }
    }
    call.buffer(bytes)
}

fn fault(call: &Call<'_>, error: CompressionError) -> Outcome {
    match error {
        CompressionError::TooLong => call.number(TOO_LONG),
        CompressionError::OutOfMemory => call.number(OUT_OF_MEMORY),
        CompressionError::Corrupt(text) => call.string(text),
    }
}

/// Tells V8 what states take. Without this the garbage collector sees numbers, and no reason to run.
fn report_memory(call: &Call<'_>, pool: &mut StatePool) -> Outcome<()> {
    let change = pool.take_unreported();
    if change == 0 {
        return Ok(());
    }
    let mut total = 0;
    // SAFETY: a live environment and a valid out pointer.
    check(unsafe { sys::napi_adjust_external_memory(call.env, change, &mut total) })
}
