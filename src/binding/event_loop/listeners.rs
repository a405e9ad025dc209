//! The functions of `lib/connection/loop-listeners.js` that are called from the event loop, one for
//! each kind of event. Row 0 of the outermost level says whose event it is.

use std::ffi::CStr;
use std::ptr;

use napi_sys as sys;

use super::super::fault::{Outcome, check};
use super::super::values::{Value, Values};

/// A kind of event, and what its function is called with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listener {
    /// How many rows there are.
    Messages,
    /// All that came is one text message. The first row says where it is.
    Text,
    /// All that came is one binary message.
    Binary,
    /// A chunk that was not decoded, as an earlier one is worked on.
    Undecoded,
    /// A chunk that came while the connection is paused: its length, negative if for libuv the end is behind it.
    Paused,
    /// The peer sends no more.
    End,
    /// A system error number.
    Error,
    /// The turn failed; why, as a string. The connection is read no more.
    Failure,
    /// How long a `Buffer` is wanted for a long message.
    NeedMemory,
    /// The kernel did not take all that the connection sent.
    Unwritten,
    /// Something has come on a connection that is to be opened.
    Request,
    /// A chunk that an I/O thread had read of a socket that is Node's now; behind the last one 0, or
    /// a system error number below that.
    Unread,
    /// An I/O thread has found that the peer does not live.
    Dead,
    /// A connection was taken from a listening socket: that one's descriptor, and the connection's id.
    Connection,
    /// What `loopClosed()` was told of is closed; its number.
    Closed,
    /// The moment is there that `loopAfterPoll()` has asked for.
    Polled,
    /// A connection that was accepted needs its async context; its id. Not called for anybody's context.
    Context,
}

const NAMES: [&CStr; 17] = [
    c"onMessages",
    c"onText",
    c"onBinary",
    c"onUndecoded",
    c"onPaused",
    c"onEnd",
    c"onError",
    c"onFailure",
    c"onNeedMemory",
    c"onUnwritten",
    c"onRequest",
    c"onUnread",
    c"onDead",
    c"onConnection",
    c"onClosed",
    c"onPolled",
    c"onContext",
];

/// The functions.
#[derive(Debug)]
pub(super) struct Listeners([Value; NAMES.len()]);

impl Listeners {
    /// Those of an object.
    pub(super) fn of(values: &Values, object: sys::napi_value) -> Outcome<Self> {
        let mut kept = Vec::with_capacity(NAMES.len());
        for name in NAMES {
            let mut function = ptr::null_mut();
            // SAFETY: live environment and object, a C string, a valid out pointer.
            check(unsafe {
                sys::napi_get_named_property(values.env(), object, name.as_ptr(), &mut function)
            })?;
            kept.push(values.keep(function, None)?);
        }
        let kept = kept.try_into();
        Ok(Self(kept.expect("one for each name")))
    }

    /// The function for a kind of event; null if nobody can want it any more.
    pub(super) fn get(&self, env: sys::napi_env, listener: Listener) -> sys::napi_value {
        self.0[listener as usize].get(env)
    }
}
