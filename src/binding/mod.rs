//! The Node-API surface: raw callbacks with integer ids (measured 20-40 ns a call, where a
//! `#[napi]` method takes 220-370).

mod buffer;
mod call;
mod compression;
mod decode;
mod encode;
mod environment;
#[cfg(unix)]
mod event_loop;
#[cfg(not(unix))]
#[path = "event_loop_none.rs"]
mod event_loop;
mod lent;
mod rows;

use napi::bindgen_prelude::{Object, Result};
use napi::{Env, JsValue};
use napi_derive::napi;

use self::call::{export, raw_callback};

raw_callback!(accept_key, encode::accept_key);
raw_callback!(connection_create, decode::connection_create);
raw_callback!(connection_configure, decode::connection_configure);
raw_callback!(connection_free, decode::connection_free);
raw_callback!(connection_state, decode::connection_state);
raw_callback!(event_rows, rows::event_rows);
raw_callback!(handle_bytes, decode::handle_bytes);
raw_callback!(handle_inflated, decode::handle_inflated);
raw_callback!(fragment_ends, decode::fragment_ends);
raw_callback!(error_table, decode::error_table);
raw_callback!(encode_header, encode::encode_header);
raw_callback!(mask, encode::mask);
raw_callback!(queue_text, encode::queue_text);
raw_callback!(queue_bytes, encode::queue_bytes);
raw_callback!(queue_raw, encode::queue_raw);
raw_callback!(flush, encode::flush);
raw_callback!(set_direct, encode::set_direct);
raw_callback!(flush_with, encode::flush_with);
raw_callback!(take_queued, encode::take_queued);
raw_callback!(deflater_create, compression::deflater_create);
raw_callback!(inflater_create, compression::inflater_create);
raw_callback!(codec_free, compression::codec_free);
raw_callback!(codec_release, compression::codec_release);
raw_callback!(codec_run, compression::codec_run);
raw_callback!(codec_continue, compression::codec_continue);
raw_callback!(on_jobs_done, compression::on_jobs_done);
raw_callback!(take_done, compression::take_done);
raw_callback!(loop_available, event_loop::loop_available);
raw_callback!(on_events, event_loop::on_events);
raw_callback!(loop_fail, event_loop::loop_fail);
raw_callback!(loop_open, event_loop::loop_open);
raw_callback!(loop_close, event_loop::loop_close);
raw_callback!(loop_pause, event_loop::loop_pause);
raw_callback!(loop_busy, event_loop::loop_busy);
raw_callback!(loop_reference, event_loop::loop_reference);

/// Fills the module's exports, once for each Node environment.
#[napi(module_exports)]
pub(crate) fn exports(mut exports: Object, env: Env) -> Result<()> {
    // lib/native/loader.js passes over the binary of another version.
    exports.set("version", env!("CARGO_PKG_VERSION"))?;
    let state = environment::install(env.raw())?;
    let raw = exports.raw();
    for (name, callback) in [
        (c"acceptKey", accept_key as call::RawCallback),
        (c"connectionCreate", connection_create),
        (c"connectionConfigure", connection_configure),
        (c"connectionFree", connection_free),
        (c"connectionState", connection_state),
        (c"eventRows", event_rows),
        (c"handleBytes", handle_bytes),
        (c"handleInflated", handle_inflated),
        (c"fragmentEnds", fragment_ends),
        (c"errorTable", error_table),
        (c"encodeHeader", encode_header),
        (c"mask", mask),
        (c"queueText", queue_text),
        (c"queueBytes", queue_bytes),
        (c"queueRaw", queue_raw),
        (c"flush", flush),
        (c"setDirect", set_direct),
        (c"flushWith", flush_with),
        (c"takeQueued", take_queued),
        (c"deflaterCreate", deflater_create),
        (c"inflaterCreate", inflater_create),
        (c"codecFree", codec_free),
        (c"codecRelease", codec_release),
        (c"codecRun", codec_run),
        (c"codecContinue", codec_continue),
        (c"onJobsDone", on_jobs_done),
        (c"takeDone", take_done),
        (c"loopAvailable", loop_available),
        (c"onEvents", on_events),
        (c"loopFail", loop_fail),
        (c"loopOpen", loop_open),
        (c"loopClose", loop_close),
        (c"loopPause", loop_pause),
        (c"loopBusy", loop_busy),
        (c"loopReference", loop_reference),
    ] {
        export(env.raw(), raw, name, callback, state)?;
    }
    Ok(())
}
