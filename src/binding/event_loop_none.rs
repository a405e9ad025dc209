//! Where sockets have no descriptor there is no loop transport.

use napi::sys;

use super::call::{Call, Outcome};

/// Never made.
#[derive(Debug)]
pub(crate) enum LoopSocket {}

#[derive(Debug, Default)]
pub(crate) struct LoopState;

impl LoopState {
    pub(crate) const fn is_in_turn(&self) -> bool {
        false
    }

    pub(crate) const fn close(&self, _env: sys::napi_env, socket: LoopSocket) {
        match socket {}
    }
}

pub(crate) fn loop_available(call: &Call<'_>) -> Outcome {
    call.number(0)
}

pub(crate) fn loop_open(call: &Call<'_>) -> Outcome {
    call.number(0)
}

pub(crate) fn on_events(call: &Call<'_>) -> Outcome {
    call.undefined()
}

pub(crate) use self::on_events as loop_fail;
pub(crate) use self::on_events as loop_close;
pub(crate) use self::on_events as loop_pause;
pub(crate) use self::on_events as loop_busy;
pub(crate) use self::on_events as loop_reference;
