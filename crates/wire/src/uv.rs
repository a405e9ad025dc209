//! The few functions of libuv that the loop transport needs, looked up in the running process.
//!
//! They are never linked: a second libuv in the process would know nothing of Node's loop. Where
//! one is missing there is no loop transport. Bun and Deno export some of the names with other
//! behaviour, so lib/wire/promotion.js asks for the runtime by name as well.

#![expect(missing_docs, reason = "what libuv names is documented there")]

use std::ffi::c_int;
use std::sync::OnceLock;

use libloading::os::unix::Library;

/// A `uv_loop_t`, which we only pass on.
#[repr(C)]
pub struct Loop {
    _opaque: [u8; 0],
}

/// A `uv_handle_t`; its first member is `void *data`, ours to use.
#[repr(C)]
pub struct Handle {
    pub data: *mut std::ffi::c_void,
}

/// A `uv_metrics_t`.
#[repr(C)]
pub struct Metrics {
    /// How often the loop has gone round.
    pub loop_count: u64,
    _others: [u64; 15],
}

/// `UV_ASYNC`, `UV_CHECK`, `UV_IDLE` and `UV_POLL` of `uv_handle_type`.
const HANDLE_TYPE_ASYNC: c_int = 1;
const HANDLE_TYPE_CHECK: c_int = 2;
const HANDLE_TYPE_IDLE: c_int = 6;
const HANDLE_TYPE_POLL: c_int = 8;
/// `UV_READABLE` of `uv_poll_event`.
pub const READABLE: c_int = 1;
pub const WRITABLE: c_int = 2;
pub const DISCONNECT: c_int = 4;

/// A `uv_poll_t` takes 160 bytes on 64-bit Linux and 168 on macOS; a process with a larger one is
/// left alone.
pub const MAX_POLL_SIZE: usize = 176;
/// A `uv_async_t` takes 128 bytes.
pub const MAX_ASYNC_SIZE: usize = 176;
/// A `uv_check_t` or `uv_idle_t` takes 120 bytes.
pub const MAX_IDLE_SIZE: usize = 128;

pub type PollCallback = unsafe extern "C" fn(*mut Handle, c_int, c_int);
pub type AsyncCallback = unsafe extern "C" fn(*mut Handle);
pub type PhaseCallback = unsafe extern "C" fn(*mut Handle);
pub type CloseCallback = unsafe extern "C" fn(*mut Handle);

/// The functions.
pub struct Uv {
    pub poll_init: unsafe extern "C" fn(*mut Loop, *mut Handle, c_int) -> c_int,
    pub poll_start: unsafe extern "C" fn(*mut Handle, c_int, PollCallback) -> c_int,
    pub async_init: unsafe extern "C" fn(*mut Loop, *mut Handle, AsyncCallback) -> c_int,
    pub idle_init: unsafe extern "C" fn(*mut Loop, *mut Handle) -> c_int,
    pub idle_start: unsafe extern "C" fn(*mut Handle, PhaseCallback) -> c_int,
    pub idle_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    /// libuv 1.45 and newer.
    pub metrics_info: Option<unsafe extern "C" fn(*mut Loop, *mut Metrics) -> c_int>,
    pub check_init: unsafe extern "C" fn(*mut Loop, *mut Handle) -> c_int,
    pub check_start: unsafe extern "C" fn(*mut Handle, PhaseCallback) -> c_int,
    pub check_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    /// On any thread.
    pub async_send: unsafe extern "C" fn(*mut Handle) -> c_int,
    pub close: unsafe extern "C" fn(*mut Handle, CloseCallback),
    pub reference: unsafe extern "C" fn(*mut Handle),
    pub unreference: unsafe extern "C" fn(*mut Handle),
    /// Whether the end of a stream that came with bytes is always met in the turn of the loop after theirs. Before
    /// 1.52 it is met with them if this end sends no more, either.
    pub meets_ends_apart: bool,
}

/// `UV_VERSION_HEX` from which on that is so.
const MEETS_ENDS_APART: u32 = 0x01_34_00;

/// libuv, if this process has all of it.
pub fn get() -> Option<&'static Uv> {
    static UV: OnceLock<Option<Uv>> = OnceLock::new();
    UV.get_or_init(look_up).as_ref()
}

/// How often the loop has gone round, modulo 2^32; always 0 where libuv does not say so.
///
/// # Safety
/// `event_loop` is the loop of this thread.
pub(crate) unsafe fn turn(uv: &Uv, event_loop: *mut Loop) -> u32 {
    let mut metrics = Metrics {
        loop_count: 0,
        _others: [0; 15],
    };
    if let Some(metrics_info) = uv.metrics_info {
        // SAFETY: it is the caller's loop, and the metrics are as large as libuv's, in all versions that have them.
        unsafe { metrics_info(event_loop, &mut metrics) };
    }
    metrics.loop_count as u32
}

fn look_up() -> Option<Uv> {
    let process = Library::this();
    // SAFETY: the names are libuv's and the types those of its documented API, whose ABI it keeps
    // within a major version; the process never unloads them.
    unsafe {
        let handle_size = *process
            .get::<unsafe extern "C" fn(c_int) -> usize>(c"uv_handle_size")
            .ok()?;
        if handle_size(HANDLE_TYPE_POLL) > MAX_POLL_SIZE
            || handle_size(HANDLE_TYPE_ASYNC) > MAX_ASYNC_SIZE
            || [HANDLE_TYPE_CHECK, HANDLE_TYPE_IDLE]
                .into_iter()
                .any(|kind| handle_size(kind) > MAX_IDLE_SIZE)
        {
            return None;
        }
        let version = *process
            .get::<unsafe extern "C" fn() -> u32>(c"uv_version")
            .ok()?;
        Some(Uv {
            meets_ends_apart: version() >= MEETS_ENDS_APART,
            poll_init: *process.get(c"uv_poll_init").ok()?,
            poll_start: *process.get(c"uv_poll_start").ok()?,
            async_init: *process.get(c"uv_async_init").ok()?,
            idle_init: *process.get(c"uv_idle_init").ok()?,
            idle_start: *process.get(c"uv_idle_start").ok()?,
            idle_stop: *process.get(c"uv_idle_stop").ok()?,
            metrics_info: process.get(c"uv_metrics_info").ok().map(|info| *info),
            check_init: *process.get(c"uv_check_init").ok()?,
            check_start: *process.get(c"uv_check_start").ok()?,
            check_stop: *process.get(c"uv_check_stop").ok()?,
            async_send: *process.get(c"uv_async_send").ok()?,
            close: *process.get(c"uv_close").ok()?,
            reference: *process.get(c"uv_ref").ok()?,
            unreference: *process.get(c"uv_unref").ok()?,
        })
    }
}
