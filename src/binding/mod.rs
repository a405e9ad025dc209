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
mod lent_buffer;
mod rows;
mod send;

use napi::bindgen_prelude::{Object, Result};
use napi::{Env, JsValue};
use napi_derive::napi;

use self::call::{export, raw_callback};

raw_callback!(accept_key, encode::accept_key);
raw_callback!(connection_create, decode::connection_create);
raw_callback!(connection_configure, decode::connection_configure);
raw_callback!(connection_free, decode::connection_free);
raw_callback!(connection_state, decode::connection_state);
raw_callback!(register_events, rows::register_events);
raw_callback!(handle_bytes, decode::handle_bytes);
raw_callback!(handle_inflated, decode::handle_inflated);
raw_callback!(fragment_ends, decode::fragment_ends);
raw_callback!(error_table, decode::error_table);
raw_callback!(encode_header, encode::encode_header);
raw_callback!(mask, encode::mask);
raw_callback!(queue_text, send::queue_text);
raw_callback!(queue_bytes, send::queue_bytes);
raw_callback!(queue_raw, send::queue_raw);
raw_callback!(queue_lent, send::queue_lent);
raw_callback!(end_tick, send::end_tick);
raw_callback!(flush_outbox, send::flush_outbox);
raw_callback!(set_writer, send::set_writer);
raw_callback!(take_queued, send::take_queued);
raw_callback!(discard_outbox, send::discard_outbox);
raw_callback!(next_fates, send::next_fates);
raw_callback!(deflater_create, compression::deflater_create);
raw_callback!(inflater_create, compression::inflater_create);
raw_callback!(codec_free, compression::codec_free);
raw_callback!(codec_release, compression::codec_release);
raw_callback!(codec_run, compression::codec_run);
raw_callback!(codec_away, compression::codec_away);
raw_callback!(on_jobs_done, compression::on_jobs_done);
raw_callback!(take_done, compression::take_done);
raw_callback!(loop_available, event_loop::loop_available);
raw_callback!(on_readable, event_loop::on_readable);
raw_callback!(set_slab, event_loop::set_slab);
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
        (c"registerEvents", register_events),
        (c"handleBytes", handle_bytes),
        (c"handleInflated", handle_inflated),
        (c"fragmentEnds", fragment_ends),
        (c"errorTable", error_table),
        (c"encodeHeader", encode_header),
        (c"mask", mask),
        (c"queueText", queue_text),
        (c"queueBytes", queue_bytes),
        (c"queueRaw", queue_raw),
        (c"queueLent", queue_lent),
        (c"endTick", end_tick),
        (c"flushOutbox", flush_outbox),
        (c"setWriter", set_writer),
        (c"takeQueued", take_queued),
        (c"discardOutbox", discard_outbox),
        (c"nextFates", next_fates),
        (c"deflaterCreate", deflater_create),
        (c"inflaterCreate", inflater_create),
        (c"codecFree", codec_free),
        (c"codecRelease", codec_release),
        (c"codecRun", codec_run),
        (c"codecAway", codec_away),
        (c"onJobsDone", on_jobs_done),
        (c"takeDone", take_done),
        (c"loopAvailable", loop_available),
        (c"onReadable", on_readable),
        (c"setSlab", set_slab),
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
