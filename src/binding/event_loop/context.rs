//! The asynchronous context in which a connection's events run: that of its socket's handle, as if
//! Node read the socket, for the connection's life.

use std::ptr;

use napi_sys as sys;

use super::super::call::{Call, Outcome, check};
use super::LoopState;
use super::listeners::Listener;
use super::turn::Turn;

/// An asynchronous context of Node's, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context(sys::napi_async_context);

impl Context {
    pub(crate) const NONE: Self = Self(ptr::null_mut());

    /// Null is for a callback without context.
    pub(super) const fn raw(self) -> sys::napi_async_context {
        self.0
    }

    const fn is_none(self) -> bool {
        self.0.is_null()
    }

    /// One that has what is current now. Whoever watches contexts is called, so nothing of the state
    /// may be borrowed.
    fn create(env: sys::napi_env, resource: sys::napi_value) -> Outcome<Self> {
        const NAME: &str = "WSRSSOCKET";
        let (mut name, mut context) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment in a handle scope, a live value or null, for which Node makes
        // a resource, a text that is valid for the call, and valid out pointers.
        unsafe {
            check(sys::napi_create_string_utf8(
                env,
                NAME.as_ptr().cast(),
                NAME.len() as isize,
                &mut name,
            ))?;
            check(sys::napi_async_init(env, resource, name, &mut context))?;
        }
        Ok(Self(context))
    }

    /// What a program's listener throws is the program's affair. Whoever is told of it is called in
    /// the context of the listener, by which test runners know whose it is. Nothing of the state may
    /// be borrowed.
    pub(super) fn report(self, env: sys::napi_env, error: sys::napi_value) {
        let mut scope = ptr::null_mut();
        // SAFETY: a live environment, on its thread, in a handle scope, a context of it that is not
        // destroyed before the turn ends, and a valid out pointer.
        let is_open = !self.is_none()
            && unsafe { sys::napi_open_callback_scope(env, ptr::null_mut(), self.0, &mut scope) }
                == sys::Status::napi_ok;
        // SAFETY: as above, and a live value.
        unsafe { sys::napi_fatal_exception(env, error) };
        if is_open {
            // SAFETY: as above, and the innermost scope, which is closed once.
            unsafe { sys::napi_close_callback_scope(env, scope) };
        }
    }

    pub(super) fn destroy(self, env: sys::napi_env) {
        if !self.is_none() {
            // SAFETY: made for one connection, which ends once, and no callback runs in it; the
            // environment lives, as its end waits for this.
            unsafe { sys::napi_async_destroy(env, self.0) };
        }
    }
}

/// `captureContext(id, handle)`: to be called where Node calls for the handle of the connection's
/// socket: that is the context of its events, whoever reads it. Node then finds it unchanged.
/// `captureContext(id)`: to be called in a context that is to be the trigger.
pub(crate) fn capture_context(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let context = Context::create(call.env, call.optional(1)?)?;
    match call.state.connections.borrow_mut().get_mut(id) {
        Some(entry) if entry.context.is_none() => entry.context = context,
        _ => context.destroy(call.env),
    }
    call.undefined()
}

impl LoopState {
    /// The connection ends.
    pub(crate) fn forget(&self, env: sys::napi_env, context: Context) {
        if self.depth.get() > 0 {
            self.retired.borrow_mut().push(context);
        } else {
            context.destroy(env);
        }
    }

    pub(super) fn destroy_retired(&self, env: sys::napi_env) {
        for context in self.retired.take() {
            context.destroy(env);
        }
    }
}

/// As long as it lives JavaScript may be running in a connection's context, which is not destroyed before.
pub(super) struct Within<'a> {
    state: &'a LoopState,
    env: sys::napi_env,
}

impl<'a> Within<'a> {
    pub(super) fn enter(state: &'a LoopState, env: sys::napi_env) -> Self {
        state.depth.set(state.depth.get() + 1);
        Self { state, env }
    }
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        let depth = self.state.depth.get() - 1;
        self.state.depth.set(depth);
        if depth == 0 {
            self.state.destroy_retired(self.env);
        }
    }
}

impl Turn<'_> {
    /// The connection's own. If it has none, its socket is one that libuv accepted, and its handle
    /// was made where no JavaScript was running, as now.
    pub(super) fn context(&self) -> Context {
        let connections = &self.state.connections;
        let current = || {
            let mut connections = connections.borrow_mut();
            let entry = connections.get_mut(self.id)?;
            Some((entry.context, entry.socket.is_some()))
        };
        match current() {
            None => return Context::NONE,
            Some((context, is_on_loop)) if !context.is_none() || !is_on_loop => return context,
            Some(_) => {}
        }
        // Who listens knows whose connection it is. Nothing comes of it if that fails.
        let _ = self.call_for_context();
        match current() {
            None => return Context::NONE,
            Some((context, _)) if !context.is_none() => return context,
            Some(_) => {}
        }
        let Ok(context) = Context::create(self.env, ptr::null_mut()) else {
            return Context::NONE;
        };
        match connections.borrow_mut().get_mut(self.id) {
            Some(entry) => entry.context = context,
            None => self.state.event_loop.forget(self.env, context),
        }
        context
    }

    /// Has JavaScript make the connection's context, triggered by its server.
    fn call_for_context(&self) -> Outcome<()> {
        let Some(listeners) = self.state.event_loop.listeners.get() else {
            return Ok(());
        };
        let function = listeners.get(self.env, Listener::Context);
        if function.is_null() {
            return Ok(());
        }
        let (mut id, mut result, mut error) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment, on its thread, in the handle scope of the turn, values of it, and valid
        // out pointers. Nothing of the state is borrowed here.
        unsafe {
            check(sys::napi_create_double(self.env, self.id as f64, &mut id))?;
            let status = sys::napi_call_function(self.env, function, function, 1, &id, &mut result);
            if status == sys::Status::napi_pending_exception {
                sys::napi_get_and_clear_last_exception(self.env, &mut error);
            }
        }
        Ok(())
    }
}
