//! Heartbeats: pings of our own and their pongs, of which JavaScript sees nothing.

use std::time::Duration;

use ws_rs_engine::connection::Sent;
use ws_rs_engine::heartbeat::{BATCH, Settings, Verdict};
use ws_rs_engine::registry::Id;

use super::call::{Call, Fault, Outcome};
use super::environment::{Entry, Environment};
use super::event_loop::LoopSocket;
use super::outbox::{after_write, with_wire};
use crate::clock;
use crate::numbers::heartbeat::{ATTEND, DEAD};

/// Timers of Node's wait no longer.
const MAX_DELAY: f64 = 0x7fff_ffff as f64;

/// `heartbeatStart(id, interval, timeout, delegates) -> delay | undefined`: begins to look after a
/// connection; times are in milliseconds, and with `delegates` JavaScript sends its pings. The delay
/// says when `heartbeatLook` is to be called, if that is earlier than was said before.
pub(crate) fn heartbeat_start(call: &Call<'_>) -> Outcome {
    let (state, id) = (call.state, call.id(0)?);
    let settings = Settings {
        interval: duration(call.f64(1)?)?,
        timeout: duration(call.f64(2)?)?,
        delegates: call.bool(3)?,
    };
    let mut connections = state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(id) else {
        return call.undefined();
    };
    let (high, low) = (state.mask_key(), state.mask_key());
    let token = u64::from(u32::from_ne_bytes(high)) << 32 | u64::from(u32::from_ne_bytes(low));
    let now = clock::now();
    let mut heartbeats = state.heartbeats.borrow_mut();
    heartbeats.start(id, settings, token, signs(entry), now);
    entry.leave_heartbeat(id, &mut heartbeats);
    drop(heartbeats);
    news(call, now)
}

/// `heartbeatNews() -> delay | undefined`: as `heartbeatStart`, of those that were on I/O threads.
pub(crate) fn heartbeat_news(call: &Call<'_>) -> Outcome {
    news(call, clock::now())
}

/// When `heartbeatLook` is to be called, if that is earlier than was said before.
fn news(call: &Call<'_>, now: Duration) -> Outcome {
    match call.state.heartbeats.borrow_mut().news() {
        Some(next) => call.double(delay(next, now)),
        None => call.undefined(),
    }
}

/// `heartbeatRest(id)`: looks after a connection no more.
pub(crate) fn heartbeat_rest(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(id) {
        entry.rest_heartbeat();
    }
    call.state.heartbeats.borrow_mut().rest(id);
    call.undefined()
}

/// `heartbeatExcuse(id)`: the peer is as one that was just heard.
pub(crate) fn heartbeat_excuse(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    call.state.heartbeats.borrow_mut().excuse(id, clock::now());
    call.undefined()
}

/// `heartbeatLook() -> delay | [delay, id, what, id, what, ...]`: looks at those whose time has come,
/// and pings them. Returns when to be called again, in milliseconds, or -1 if nobody has a heartbeat;
/// and those for whom JavaScript has something to do: the token of a ping to be sent, or one of
/// `heartbeat`.
pub(crate) fn heartbeat_look(call: &Call<'_>) -> Outcome {
    let state = call.state;
    let now = clock::now();
    let mut rest = Vec::new();
    for _ in 0..BATCH {
        let Some(id) = state.heartbeats.borrow_mut().poll(now) else {
            break;
        };
        if let Some(what) = look(state, id, now) {
            rest.extend([id as f64, what]);
        }
    }
    state.schedule.borrow_mut().begin_apart();
    let next = state.heartbeats.borrow_mut().tell();
    let next = next.map_or(-1.0, |next| delay(next, now));
    if rest.is_empty() {
        return call.double(next);
    }
    let items: Outcome<Vec<_>> = std::iter::once(next)
        .chain(rest)
        .map(|number| call.double(number))
        .collect();
    call.array(&items?)
}

/// Looks at one connection; returns what JavaScript has to do.
fn look(state: &Environment, id: Id, now: Duration) -> Option<f64> {
    let mut connections = state.connections.borrow_mut();
    let mut heartbeats = state.heartbeats.borrow_mut();
    let Some(entry) = connections.get_mut(id) else {
        heartbeats.stop(id);
        return None;
    };
    let has_news = || entry.socket.as_ref().is_some_and(LoopSocket::has_news);
    match heartbeats.look(id, signs(entry), has_news, now) {
        Verdict::Alive => None,
        Verdict::Ping(token) if entry.connection.writes() => ping(state, id, entry, token),
        Verdict::Ping(token) | Verdict::Delegate(token) => Some(token as f64),
        Verdict::Dead => Some(DEAD.into()),
    }
}

/// Sends a ping, if it can be; returns what JavaScript has to do.
fn ping(state: &Environment, id: Id, entry: &mut Entry, token: u64) -> Option<f64> {
    let Entry {
        connection, socket, ..
    } = &mut *entry;
    let sent = with_wire(socket.as_mut(), |wire| {
        connection.ping(
            (token, || state.mask_key()),
            (&mut state.schedule.borrow_mut(), id),
            || state.begin_waiting(),
            || state.spare_buffer(),
            wire,
        )
    })?;
    after_write(state, entry, sent);
    (!matches!(sent, Sent::Written | Sent::Blocked)).then_some(ATTEND.into())
}

fn signs(entry: &Entry) -> ws_rs_engine::heartbeat::Signs {
    let is_paused = entry.socket.as_ref().is_some_and(LoopSocket::is_paused);
    entry.connection.signs(is_paused)
}

fn duration(milliseconds: f64) -> Outcome<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1000.0)
        .map_err(|_| Fault::Message("ws-rs: a time is a number of milliseconds"))
}

/// In milliseconds. Timers of Node's go by the time at which its loop woke up: not too early, then.
fn delay(until: Duration, now: Duration) -> f64 {
    if until <= now {
        return 0.0;
    }
    (((until - now).as_micros() as f64 / 1000.0).ceil() + 1.0).min(MAX_DELAY)
}
