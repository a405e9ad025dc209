//! Where sockets have no descriptor there is no loop transport.

use napi_sys as sys;
use ws_rs_engine::connection::Sent;
use ws_rs_engine::heartbeat::Heartbeats;
use ws_rs_engine::outbox::Taken;
use ws_rs_engine::registry::Id;

use super::call::{Call, Outcome};
use super::environment::{Entry, Environment};
use super::values::Values;

/// Never made.
#[derive(Debug)]
pub(crate) enum LoopSocket {}

impl LoopSocket {
    pub(crate) const fn write(&mut self, _slices: &[&[u8]]) -> Taken {
        match *self {}
    }

    pub(crate) const fn committed(&self) -> usize {
        match *self {}
    }

    pub(crate) const fn take_committed(&mut self) -> usize {
        match *self {}
    }

    pub(crate) const fn write_at_once(&mut self, _slices: &[&[u8]]) -> Taken {
        match *self {}
    }

    pub(crate) const fn is_tls(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn take_inflated(&self, _number: u64) -> bool {
        match *self {}
    }

    pub(crate) const fn threaded(&self) -> Option<&Threaded> {
        match *self {}
    }

    pub(crate) const fn is_threaded(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn feeds_stream(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn is_paused(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn has_news(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn watch_writable(&mut self, _state: &LoopState, _writable: bool) {
        match *self {}
    }
}

/// Never made.
#[derive(Debug)]
pub(crate) enum Threaded {}

impl Threaded {
    pub(crate) const fn want_word(&self) {
        match *self {}
    }

    pub(crate) const fn stop_answering(&self) {
        match *self {}
    }
}

impl Entry {
    pub(crate) const fn is_threaded(&self) -> bool {
        false
    }

    pub(crate) const fn flush_thread(&mut self) {}

    pub(crate) const fn yield_thread(&mut self) {}

    pub(crate) fn settle(&mut self) -> Sent {
        self.connection.settle(false, None)
    }

    pub(crate) const fn note_progress(&mut self) {}

    pub(crate) const fn note_written(&mut self) {}

    pub(crate) const fn leave_heartbeat(&self, _id: Id, _heartbeats: &mut Heartbeats) -> bool {
        false
    }

    pub(crate) const fn rest_heartbeat(&self) {}

    pub(crate) const fn reclaim_heartbeat(&self, _state: &Environment, _id: Id) -> bool {
        false
    }

    pub(crate) const fn note_heartbeat(&mut self) {}
}

/// Nobody wants any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context;

impl Context {
    pub(crate) const NONE: Self = Self;
}

#[derive(Debug, Default)]
pub(crate) struct LoopState;

impl LoopState {
    pub(crate) const fn close(&self, _values: &Values, socket: LoopSocket) {
        match socket {}
    }

    pub(crate) const fn drop_unread(&self, _id: Id) {}

    pub(crate) const fn forget(&self, _env: sys::napi_env, _context: Context) {}

    pub(crate) const fn shut_down(&self, _environment: &Environment) {}
}

pub(crate) fn loop_available(call: &Call<'_>) -> Outcome {
    call.number(0)
}

pub(crate) fn loop_open(call: &Call<'_>) -> Outcome {
    call.number(0)
}

pub(crate) fn ends_behind(call: &Call<'_>) -> Outcome {
    call.number(0)
}

pub(crate) use self::ends_behind as is_readable;

pub(crate) fn on_events(call: &Call<'_>) -> Outcome {
    call.undefined()
}

pub(crate) use self::on_events as loop_fail;
pub(crate) use self::on_events as loop_few;
pub(crate) use self::on_events as loop_pairs;

pub(crate) mod arrivals {
    pub(crate) use super::on_events as loop_after_poll;
    pub(crate) use super::on_events as loop_closed;
}

pub(crate) mod behind {
    pub(crate) use super::on_events as loop_behind;
}

pub(crate) mod threads {
    pub(crate) use super::on_events as leave_pings;
    pub(crate) use super::on_events as loop_close;
    pub(crate) use super::on_events as loop_settle;
    pub(crate) use super::on_events as loop_unread;
    pub(crate) use super::on_events as ping_answered;
}

pub(crate) use self::on_events as inflate_on_thread;
pub(crate) use self::on_events as inflate_here;
pub(crate) use self::on_events as queue_packed;
pub(crate) use self::on_events as loop_pause;
pub(crate) use self::on_events as thread_panic;
pub(crate) use self::on_events as loop_busy;
pub(crate) use self::on_events as loop_reference;
pub(crate) use self::on_events as capture_context;
pub(crate) use self::on_events as loop_shut_down;
pub(crate) use self::on_events as accept_request;
pub(crate) use self::on_events as accept_await;
pub(crate) use self::on_events as accept_borrow;
pub(crate) use self::on_events as accept_leave;
pub(crate) use self::on_events as accept_listen;
pub(crate) use self::on_events as accept_open;
pub(crate) use self::on_events as descriptor_give;
pub(crate) use self::on_events as descriptor_end;
pub(crate) use self::on_events as descriptor_name;
pub(crate) use self::on_events as descriptor_of;
pub(crate) use self::on_events as tls_context;
pub(crate) use self::on_events as tls_context_free;
pub(crate) use self::on_events as tls_accept;
pub(crate) use self::on_events as tls_request;
pub(crate) use self::on_events as tls_server_name;
pub(crate) use self::on_events as tls_begin;
pub(crate) use self::on_events as tls_move;
pub(crate) use self::on_events as tls_read;
pub(crate) use self::on_events as tls_write;
pub(crate) use self::on_events as tls_close;
pub(crate) use self::on_events as tls_facts;
pub(crate) use self::on_events as tls_error;
