//! The Node-API surface: raw callbacks with integer ids (measured 20-40 ns a call, where a
//! `#[napi]` method takes 220-370).

#[cfg(unix)]
mod accept;
mod buffer;
mod bytes;
mod call;
mod compression;
mod config;
mod decode;
mod encode;
mod environment;
#[cfg(unix)]
mod event_loop;
#[cfg(not(unix))]
#[path = "event_loop_none.rs"]
mod event_loop;
mod events;
mod fanout;
mod fault;
mod frame;
mod heartbeat;
mod lease;
mod lent_buffer;
mod meter;
mod outbox;
#[cfg(unix)]
mod packed;
mod pongs;
mod rows;
mod send;
mod shared_memory;
mod stage;
#[cfg(unix)]
mod tls;
mod topics;
mod values;

use std::ffi::CStr;
use std::ptr;

use napi::bindgen_prelude::{Error, Object, Result};
use napi::{Env, JsValue};
use napi_derive::napi;
use napi_sys as sys;

#[cfg(not(unix))]
use self::event_loop as accept;
#[cfg(not(unix))]
use self::event_loop as packed;
#[cfg(not(unix))]
use self::event_loop as tls;

use self::call::{Outcome, RawCallback, answer, check, export, raw_callback};
use crate::numbers;

raw_callback!(accept_key, encode::accept_key);
raw_callback!(connection_create, decode::connection_create);
raw_callback!(connection_configure, decode::connection_configure);
raw_callback!(connection_free, decode::connection_free);
raw_callback!(connection_state, decode::connection_state, 2);
raw_callback!(event_rows, decode::event_rows);
raw_callback!(handle_bytes, decode::handle_bytes, 4);
raw_callback!(handle_inflated, decode::handle_inflated, 3);
raw_callback!(fragment_ends, decode::fragment_ends);
raw_callback!(error_table, decode::error_table);
raw_callback!(encode_header, encode::encode_header);
raw_callback!(mask, encode::mask);
raw_callback!(queue_text, send::queue_text, 5);
raw_callback!(queue_bytes, send::queue_bytes, 5);
raw_callback!(queue_raw, send::queue_raw, 4);
raw_callback!(queue_lent, send::queue_lent, 4);
raw_callback!(stage_memory, stage::stage);
raw_callback!(queue_packed, packed::queue_packed, 5);
raw_callback!(inflate_on_thread, packed::inflate_on_thread);
raw_callback!(inflate_here, packed::inflate_here);
raw_callback!(share, fanout::share);
raw_callback!(connection_shares, fanout::connection_shares);
raw_callback!(connection_limit, fanout::connection_limit);
raw_callback!(heartbeat_start, heartbeat::heartbeat_start);
raw_callback!(heartbeat_rest, heartbeat::heartbeat_rest);
raw_callback!(heartbeat_excuse, heartbeat::heartbeat_excuse);
raw_callback!(heartbeat_look, heartbeat::heartbeat_look);
raw_callback!(heartbeat_news, heartbeat::heartbeat_news);
raw_callback!(meter_create, meter::meter_create);
raw_callback!(meter_free, meter::meter_free);
raw_callback!(meter_attach, meter::meter_attach);
raw_callback!(meter_note, meter::meter_note);
raw_callback!(meter_read, meter::meter_read);
raw_callback!(topics_create, topics::topics_create);
raw_callback!(topics_free, topics::topics_free);
raw_callback!(topic_subscribe, topics::topic_subscribe);
raw_callback!(topic_unsubscribe, topics::topic_unsubscribe);
raw_callback!(topic_members, topics::topic_members);
raw_callback!(topic_size, topics::topic_size);
raw_callback!(topics_of, topics::topics_of);
raw_callback!(publish, topics::publish);
raw_callback!(end_tick, outbox::end_tick, 1);
raw_callback!(exit_ticks, outbox::exit_ticks, 1);
raw_callback!(flush_outbox, outbox::flush_outbox);
raw_callback!(set_writer, outbox::set_writer);
raw_callback!(take_queued, outbox::take_queued);
raw_callback!(discard_outbox, outbox::discard_outbox);
raw_callback!(next_fates, outbox::next_fates, 1);
raw_callback!(deflater_create, compression::deflater_create);
raw_callback!(inflater_create, compression::inflater_create);
raw_callback!(codec_free, compression::codec_free);
raw_callback!(codec_release, compression::codec_release);
raw_callback!(codec_run, compression::codec_run);
raw_callback!(codec_see, compression::codec_see);
raw_callback!(codec_away, compression::codec_away);
raw_callback!(on_jobs_done, compression::on_jobs_done);
raw_callback!(take_done, compression::take_done);
raw_callback!(loop_available, event_loop::loop_available);
raw_callback!(on_events, event_loop::on_events);
raw_callback!(loop_fail, event_loop::loop_fail);
raw_callback!(loop_few, event_loop::loop_few);
raw_callback!(loop_pairs, event_loop::loop_pairs);
raw_callback!(capture_context, event_loop::capture_context);
raw_callback!(loop_open, event_loop::loop_open);
raw_callback!(loop_close, event_loop::threads::loop_close);
raw_callback!(loop_pause, event_loop::loop_pause);
raw_callback!(loop_behind, event_loop::behind::loop_behind);
raw_callback!(ends_behind, event_loop::ends_behind);
raw_callback!(is_readable, event_loop::is_readable);
raw_callback!(loop_busy, event_loop::loop_busy);
raw_callback!(loop_reference, event_loop::loop_reference);
raw_callback!(loop_shut_down, event_loop::loop_shut_down, 1);
raw_callback!(settle_outbox, outbox::settle_outbox);
raw_callback!(thread_panic, event_loop::thread_panic);
raw_callback!(leave_pings, event_loop::threads::leave_pings);
raw_callback!(ping_answered, event_loop::threads::ping_answered);
raw_callback!(loop_unread, event_loop::threads::loop_unread);
raw_callback!(loop_settle, event_loop::threads::loop_settle);
raw_callback!(accept_listen, accept::accept_listen);
raw_callback!(accept_leave, accept::accept_leave);
raw_callback!(accept_borrow, accept::accept_borrow);
raw_callback!(accept_request, accept::accept_request, 1);
raw_callback!(accept_await, accept::accept_await);
raw_callback!(accept_open, accept::accept_open);
raw_callback!(descriptor_of, accept::descriptor_of);
raw_callback!(descriptor_give, accept::descriptor_give);
raw_callback!(descriptor_end, accept::descriptor_end, 1);
raw_callback!(descriptor_name, accept::descriptor_name);
raw_callback!(loop_after_poll, event_loop::arrivals::loop_after_poll);
raw_callback!(loop_closed, event_loop::arrivals::loop_closed);
raw_callback!(tls_context, tls::tls_context);
raw_callback!(tls_context_free, tls::tls_context_free);
raw_callback!(tls_accept, tls::tls_accept);
raw_callback!(tls_request, tls::tls_request);
raw_callback!(tls_server_name, tls::tls_server_name);
raw_callback!(tls_begin, tls::tls_begin);
raw_callback!(tls_move, tls::tls_move);
raw_callback!(tls_read, tls::tls_read);
raw_callback!(tls_write, tls::tls_write);
raw_callback!(tls_close, tls::tls_close);
raw_callback!(tls_facts, tls::tls_facts);
raw_callback!(tls_error, tls::tls_error);

/// Fills the module's exports, once for each Node environment.
#[napi(module_exports)]
pub(crate) fn exports(mut exports: Object, env: Env) -> Result<()> {
    // lib/native/loader.js passes over the binary of another version.
    exports.set("version", env!("CARGO_PKG_VERSION"))?;
    let (env, exports) = (env.raw(), exports.raw());
    for (name, callback) in [
        (c"numbers", list_numbers as RawCallback),
        (c"createBinding", create_binding),
    ] {
        // SAFETY: a live environment and value in this module's registration; neither function
        // wants data.
        let exported =
            unsafe { export(env, exports, name, callback, ptr::null(), ptr::null_mut()) };
        exported.map_err(|fault| Error::from_reason(fault.to_string()))?;
    }
    Ok(())
}

/// `numbers() -> string`: what the build script makes `lib/native/numbers.js` of.
unsafe extern "C" fn list_numbers(
    env: sys::napi_env,
    _info: sys::napi_callback_info,
) -> sys::napi_value {
    let work = || {
        let list = numbers::list();
        let mut text = ptr::null_mut();
        // SAFETY: a live environment in its callback, a text that is valid for the call, and a valid
        // out pointer.
        check(unsafe {
            sys::napi_create_string_utf8(env, list.as_ptr().cast(), list.len() as isize, &mut text)
        })?;
        Ok(text)
    };
    // SAFETY: the environment of the running callback.
    unsafe { answer(env, work) }
}

/// `createBinding() -> object`: functions that share a state with each other, and with no others.
/// Each copy of the JavaScript makes its own, be it a test runner, a reloader or an alias that has
/// the package loaded once more; the addon is loaded only once.
unsafe extern "C" fn create_binding(
    env: sys::napi_env,
    _info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut binding = ptr::null_mut();
    let work = || -> Outcome {
        // SAFETY: a live environment in its callback, and a valid out pointer. Node-API keeps the
        // values for the time of the callback.
        unsafe {
            check(sys::napi_create_object(env, &mut binding))?;
            let (state, values) = environment::create(env)?;
            for (name, callback) in FUNCTIONS {
                export(env, binding, name, callback, state, values)?;
            }
        }
        Ok(binding)
    };
    // SAFETY: the environment of the running callback.
    unsafe { answer(env, work) }
}

const FUNCTIONS: [(&CStr, RawCallback); 102] = [
    (c"acceptKey", accept_key),
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
    (c"queueLent", queue_lent),
    (c"stage", stage_memory),
    (c"queuePacked", queue_packed),
    (c"inflateOnThread", inflate_on_thread),
    (c"inflateHere", inflate_here),
    (c"share", share),
    (c"connectionShares", connection_shares),
    (c"connectionLimit", connection_limit),
    (c"heartbeatStart", heartbeat_start),
    (c"heartbeatRest", heartbeat_rest),
    (c"heartbeatExcuse", heartbeat_excuse),
    (c"heartbeatLook", heartbeat_look),
    (c"heartbeatNews", heartbeat_news),
    (c"meterCreate", meter_create),
    (c"meterFree", meter_free),
    (c"meterAttach", meter_attach),
    (c"meterNote", meter_note),
    (c"meterRead", meter_read),
    (c"topicsCreate", topics_create),
    (c"topicsFree", topics_free),
    (c"topicSubscribe", topic_subscribe),
    (c"topicUnsubscribe", topic_unsubscribe),
    (c"topicMembers", topic_members),
    (c"topicSize", topic_size),
    (c"topicsOf", topics_of),
    (c"publish", publish),
    (c"endTick", end_tick),
    (c"exitTicks", exit_ticks),
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
    (c"codecSee", codec_see),
    (c"codecAway", codec_away),
    (c"onJobsDone", on_jobs_done),
    (c"takeDone", take_done),
    (c"loopAvailable", loop_available),
    (c"onEvents", on_events),
    (c"loopFail", loop_fail),
    (c"loopFew", loop_few),
    (c"loopPairs", loop_pairs),
    (c"captureContext", capture_context),
    (c"loopOpen", loop_open),
    (c"loopClose", loop_close),
    (c"loopPause", loop_pause),
    (c"loopBehind", loop_behind),
    (c"endsBehind", ends_behind),
    (c"isReadable", is_readable),
    (c"loopBusy", loop_busy),
    (c"loopReference", loop_reference),
    (c"loopShutDown", loop_shut_down),
    (c"leavePings", leave_pings),
    (c"pingAnswered", ping_answered),
    (c"loopUnread", loop_unread),
    (c"loopSettle", loop_settle),
    (c"settleOutbox", settle_outbox),
    (c"threadPanic", thread_panic),
    (c"acceptListen", accept_listen),
    (c"acceptLeave", accept_leave),
    (c"acceptBorrow", accept_borrow),
    (c"acceptRequest", accept_request),
    (c"acceptAwait", accept_await),
    (c"acceptOpen", accept_open),
    (c"descriptorOf", descriptor_of),
    (c"descriptorGive", descriptor_give),
    (c"descriptorEnd", descriptor_end),
    (c"descriptorName", descriptor_name),
    (c"loopAfterPoll", loop_after_poll),
    (c"loopClosed", loop_closed),
    (c"tlsContext", tls_context),
    (c"tlsContextFree", tls_context_free),
    (c"tlsAccept", tls_accept),
    (c"tlsRequest", tls_request),
    (c"tlsServerName", tls_server_name),
    (c"tlsBegin", tls_begin),
    (c"tlsMove", tls_move),
    (c"tlsRead", tls_read),
    (c"tlsWrite", tls_write),
    (c"tlsClose", tls_close),
    (c"tlsFacts", tls_facts),
    (c"tlsError", tls_error),
];
