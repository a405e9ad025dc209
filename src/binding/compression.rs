//! Compressors and decompressors by number; long jobs on the runtime's blocking pool.

mod wake;

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use napi_sys as sys;
use ws_rs_engine::compression as engine;
use ws_rs_engine::compression::{Coder, Failure, Job, Kind, Task};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{CompressionError, DeflateOptions, Strategy};

use self::wake::Wake;
use super::call::{Bytes, Call, Fault, Outcome, check};
use super::lease::lend;
use super::values::Value;
use crate::numbers::codec::{FAILED, OUT_OF_MEMORY, TOO_LONG};
use crate::numbers::task::{FIN, LENT, RESET};
use crate::{memory, runtime};

/// From this length on, who is lent a result gets the memory that it is in; a copy of less is cheaper.
const HAND_OVER: usize = 32 * 1024;
/// From this length on, the allocator is asked to keep what V8 frees.
const LONG: usize = 32 * 1024;

/// The compression of an environment.
#[derive(Debug, Default)]
pub(crate) struct Compression {
    engine: RefCell<engine::Compression>,
    wake: Wake,
    listener: Cell<Option<Value>>,
    /// What is worked on, out of reach of JavaScript.
    input: RefCell<Vec<u8>>,
}

impl Compression {
    /// Nobody can have a use for it any more.
    pub(crate) fn rest(&self) {
        if self.engine.borrow().running() == 0 {
            self.wake.close();
        }
    }

    /// What an I/O thread is to work for a codec with.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    pub(crate) fn coder(&self, codec: Id) -> Option<Coder> {
        self.engine.borrow_mut().coder(codec)
    }

    /// As `coder`, for a message that is given to it now.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    pub(crate) fn prepare(&self, codec: Id, reset: bool) -> Option<Coder> {
        let mut engine = self.engine.borrow_mut();
        let coder = engine.coder(codec)?;
        engine.prepare(codec, reset);
        Some(coder)
    }

    /// It was not given to it.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    pub(crate) fn unprepare(&self, codec: Id) {
        self.engine.borrow_mut().unprepare(codec);
    }

    /// Tells V8 what states take.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    pub(crate) fn report(&self, call: &Call<'_>) -> Outcome<()> {
        report_memory(call, &mut self.engine.borrow_mut())
    }

    /// The peer of a compressor is sent what another one made.
    pub(crate) fn see(&self, codec: Id, end: &Arc<[u8]>) {
        self.engine.borrow_mut().see(codec, end);
    }
}

/// `codecSee(id, end)`: the peer is sent what another compressor made of a message, with no reference
/// to what was before; `end` is the message, or at least its last 4 KiB.
pub(crate) fn codec_see(call: &Call<'_>) -> Outcome {
    let end = call.bytes(1)?;
    let end = end.copied().into();
    call.state.compression.see(call.id(0)?, &end);
    call.undefined()
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
    create(call, Kind::Deflate(options.in_range()))
}

/// `inflaterCreate(windowBits, dictionary?) -> id`
pub(crate) fn inflater_create(call: &Call<'_>) -> Outcome {
    let kind = Kind::Inflate {
        window_bits: call.u32(0)?.clamp(9, 15) as u8,
        dictionary: dictionary(call, 1)?,
    };
    create(call, kind)
}

/// `codecFree(id)`
pub(crate) fn codec_free(call: &Call<'_>) -> Outcome {
    let mut engine = call.state.compression.engine.borrow_mut();
    engine.free(call.id(0)?);
    if engine.is_unused() {
        call.state.compression.wake.close();
    }
    report_memory(call, &mut engine)?;
    call.undefined()
}

/// `codecRelease(id) -> 0 | 1`: ends the context. 0 means that a message is worked on.
pub(crate) fn codec_release(call: &Call<'_>) -> Outcome {
    let mut engine = call.state.compression.engine.borrow_mut();
    let could = engine.end_context(call.id(0)?);
    report_memory(call, &mut engine)?;
    call.number(u32::from(could))
}

/// `codecRun(id, payload, flags, limit, memory, at, most) -> number | Buffer | string | undefined`
///
/// Compresses or decompresses. The result is the number of bytes put into `memory` from `at` on; or,
/// if there are more than `most` or they do not fit there, a `Buffer` of their own; or what is wrong:
/// `TOO_LONG` (the limit, in bytes, 0 for none), `OUT_OF_MEMORY`, `FAILED`, or zlib's word for what is
/// corrupt. `undefined`: there is more to do than the event loop should wait for; `codecAway` has it
/// done.
pub(crate) fn codec_run(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let task = task(call)?;
    let compression = &call.state.compression;
    let mut input = compression.input.borrow_mut();
    input.clear();
    call.bytes(1)?.append_to(&mut input);
    let mut engine = compression.engine.borrow_mut();
    let mut begun = None;
    let now = || begun.get_or_insert_with(Instant::now).elapsed();
    let answer = match engine.run(id, &input, task, now) {
        Ok(Some(bytes)) => hand_out(call, bytes),
        Ok(None) => call.undefined(),
        Err(failure) => fault(call, failure),
    };
    report_memory(call, &mut engine)?;
    answer
}

/// `codecAway(id, payload | undefined, flags, limit) -> job`
///
/// Has another thread compress or decompress the payload, or do the rest of what `codecRun` began.
/// `takeDone` has the result.
pub(crate) fn codec_away(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let compression = &call.state.compression;
    compression.wake.open(call)?;
    let mut engine = compression.engine.borrow_mut();
    let was_idle = engine.running() == 0;
    let job = match call.optional_bytes(1)? {
        Some(bytes) => {
            let mut payload = engine.buffer(bytes.len);
            bytes.append_to(&mut payload);
            engine.start(id, payload, task(call)?)
        }
        None => engine.start_rest(id),
    };
    let job = job.map_err(|_| Fault::Message("ws-rs: the compression state is closed or busy"))?;
    report_memory(call, &mut engine)?;
    drop(engine);
    if was_idle {
        compression.wake.reference(call);
    }
    let number = call.double(job.number() as f64);
    // A job that finds no thread is dropped, which is its result.
    let _ = runtime::spawn_blocking(move || Job::run(job));
    number
}

/// `onJobsDone(listener)`: called without arguments when `takeDone` has something to give. To be
/// called before the first `codecAway`.
pub(crate) fn on_jobs_done(call: &Call<'_>) -> Outcome {
    let compression = &call.state.compression;
    let listener = &compression.listener;
    listener.set(Some(call.state.values.keep(call.value(0), listener.get())?));
    let wake = compression.wake.clone();
    compression
        .engine
        .borrow_mut()
        .on_results(move || wake.wake());
    call.undefined()
}

/// `takeDone() -> [job, Buffer | number | string | undefined, ...]`, as from `codecRun`; `undefined`
/// for who was freed meanwhile.
pub(crate) fn take_done(call: &Call<'_>) -> Outcome {
    let compression = &call.state.compression;
    let mut engine = compression.engine.borrow_mut();
    let finished = engine.take_finished();
    if engine.running() == 0 && !finished.is_empty() {
        compression.wake.unreference(call);
    }
    if engine.is_unused() {
        compression.wake.close();
    }
    report_memory(call, &mut engine)?;
    let mut items = Vec::with_capacity(2 * finished.len());
    for job in finished {
        items.push(call.double(job.job as f64)?);
        items.push(match job.result {
            Some(Ok(bytes)) if job.is_lent && bytes.len() >= HAND_OVER => lent_buffer(call, bytes)?,
            Some(Ok(bytes)) => {
                let buffer = own_buffer(call, &bytes)?;
                engine.recycle(bytes);
                buffer
            }
            Some(Err(failure)) => fault(call, failure)?,
            None => call.undefined_value()?,
        });
    }
    drop(engine);
    call.array(&items)
}

fn task(call: &Call<'_>) -> Outcome<Task> {
    let flags = call.u32(2)?;
    let limit = call.f64(3)?;
    Ok(Task {
        fin: flags & FIN != 0,
        reset: flags & RESET != 0,
        is_lent: flags & LENT != 0,
        limit: limit_of(limit),
    })
}

/// The most bytes of a message, where 0 is no limit.
pub(super) fn limit_of(number: f64) -> usize {
    if number > 0.0 {
        number as usize
    } else {
        usize::MAX
    }
}

fn dictionary(call: &Call<'_>, index: usize) -> Outcome<Vec<u8>> {
    let bytes = call.optional_bytes(index)?;
    Ok(bytes.map(Bytes::copied).unwrap_or_default())
}

fn create(call: &Call<'_>, kind: Kind) -> Outcome {
    let id = call.state.compression.engine.borrow_mut().create(kind);
    let id = id.ok_or(Fault::Message(
        "ws-rs: too many compression states in one process",
    ))?;
    call.double(id as f64)
}

/// Puts a result into the memory of the call, if it is short and there is room.
fn hand_out(call: &Call<'_>, bytes: &[u8]) -> Outcome {
    if bytes.len() <= call.u32(6)? as usize
        && let Some(memory) = call.optional_bytes(4)?
        && memory.write(call.u32(5)? as usize, bytes)
    {
        return call.number(bytes.len() as u32);
    }
    own_buffer(call, bytes)
}

/// A `Buffer` of memory that V8 made: only that can be transferred to another thread. Where there is
/// no memory for it, the answer says so.
fn own_buffer(call: &Call<'_>, bytes: &[u8]) -> Outcome {
    if bytes.len() >= LONG {
        memory::keep_large_blocks();
    }
    call.buffer(bytes).or_else(|_| {
        let mut exception = ptr::null_mut();
        // SAFETY: a live environment and a valid out pointer. What is pending is told as an answer.
        unsafe { sys::napi_get_and_clear_last_exception(call.env, &mut exception) };
        call.number(OUT_OF_MEMORY)
    })
}

/// A `Buffer` of the memory that the bytes are in, for who lets no program see it: it could not be
/// transferred.
fn lent_buffer(call: &Call<'_>, mut bytes: Vec<u8>) -> Outcome {
    // With more Node may fail, and give back all the same what it did not take.
    if bytes.len() > i32::MAX as usize {
        return own_buffer(call, &bytes);
    }
    // It may be kept for long.
    if bytes.capacity() - bytes.len() > bytes.len() / 8 {
        bytes.shrink_to_fit();
    }
    let (data, len) = (bytes.as_mut_ptr().cast(), bytes.len());
    // SAFETY: a live environment. The bytes stay where they are as long as their owner, which nobody uses meanwhile.
    let lent = unsafe {
        lend(call.env, bytes, |finalize, hint, value| {
            sys::napi_create_external_buffer(call.env, len, data, finalize, hint, value)
        })
    };
    // Where V8 takes no memory of others (Electron), it gets a copy.
    lent.or_else(|(_, bytes)| own_buffer(call, &bytes.unwrap_or_default()))
}

fn fault(call: &Call<'_>, failure: Failure) -> Outcome {
    match failure {
        Failure::Codec(CompressionError::TooLong) => call.number(TOO_LONG),
        Failure::Codec(CompressionError::OutOfMemory) => call.number(OUT_OF_MEMORY),
        Failure::Codec(CompressionError::Corrupt(text)) => call.string(text),
        Failure::Panicked | Failure::Lost | Failure::NotReady => call.number(FAILED),
    }
}

/// Tells V8 what states take. Without this the garbage collector sees numbers, and no reason to run.
fn report_memory(call: &Call<'_>, engine: &mut engine::Compression) -> Outcome<()> {
    let change = engine.take_memory_change();
    if change == 0 {
        return Ok(());
    }
    let mut total = 0;
    // SAFETY: a live environment and a valid out pointer.
    check(unsafe { sys::napi_adjust_external_memory(call.env, change, &mut total) })
}
