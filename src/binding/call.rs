//! One raw callback: its arguments, its result, its faults.

use std::any::Any;
use std::ffi::{CStr, CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::registry::Id;

pub(crate) use super::bytes::Bytes;
use super::environment::Environment;
pub(crate) use super::fault::{Fault, Outcome, check};
use super::stage::clear_stage;

/// The most arguments that a function of this binding takes.
pub(crate) const MAX_ARGS: usize = 8;

/// The shape that Node-API calls.
pub(crate) type RawCallback =
    unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Makes `$name`, a [`RawCallback`], of a function from [`Call`] to a value.
macro_rules! raw_callback {
    ($name:ident, $body:path) => {
        raw_callback!($name, $body, $crate::binding::call::MAX_ARGS);
    };
    // With how many arguments it takes, for those that are called for each message.
    ($name:ident, $body:path, $args:expr) => {
        unsafe extern "C" fn $name(
            env: napi_sys::napi_env,
            info: napi_sys::napi_callback_info,
        ) -> napi_sys::napi_value {
            // SAFETY: Node-API gives a live environment and the info of this very call, and
            // `export` stored a pointer to the state with the function, which keeps it alive.
            unsafe { $crate::binding::call::invoke::<{ $args }>(env, info, $body) }
        }
    };
}
pub(crate) use raw_callback;

/// Puts a raw callback on `exports`, which keeps `values` alive.
///
/// # Safety
/// `env` is live, in a callback or a module's registration, and the values are live ones of it. The
/// state, which `callback` gets, lives as long as `values`; null is for a callback that has none.
pub(crate) unsafe fn export(
    env: sys::napi_env,
    exports: sys::napi_value,
    name: &CStr,
    callback: RawCallback,
    state: *const Environment,
    values: sys::napi_value,
) -> Outcome<()> {
    let mut function = ptr::null_mut();
    // SAFETY: the caller's promise, and valid out pointers.
    unsafe {
        check(sys::napi_create_function(
            env,
            name.as_ptr(),
            name.to_bytes().len() as isize,
            Some(callback),
            state.cast_mut().cast::<c_void>(),
            &mut function,
        ))?;
        if !values.is_null() {
            // Whoever has the function can see it, and neither change nor remove it: the state is there as long as
            // the function is.
            let property = sys::napi_property_descriptor {
                utf8name: c"values".as_ptr(),
                name: ptr::null_mut(),
                method: None,
                getter: None,
                setter: None,
                value: values,
                attributes: sys::PropertyAttributes::default,
                data: ptr::null_mut(),
            };
            check(sys::napi_define_properties(env, function, 1, &property))?;
        }
        check(sys::napi_set_named_property(
            env,
            exports,
            name.as_ptr(),
            function,
        ))
    }
}

/// Runs `body`; a fault or a panic becomes a JavaScript exception.
///
/// # Safety
/// `env` and `info` are those of the running callback, and its data is the state of its copy.
#[inline]
pub(crate) unsafe fn invoke<const ARGS: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl Fn(&Call<'_>) -> Outcome,
) -> sys::napi_value {
    let mut args = [ptr::null_mut(); MAX_ARGS];
    const { assert!(ARGS <= MAX_ARGS) };
    let mut count = ARGS;
    let mut data = ptr::null_mut();
    // SAFETY: the out pointers are valid; Node-API fills missing arguments with `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &mut count,
            args.as_mut_ptr(),
            ptr::null_mut(),
            &mut data,
        )
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: see the function's contract; the state is shared, never borrowed mutably as a whole.
    let state = unsafe { &*data.cast::<Environment>() };
    let call = Call { env, args, state };
    // SAFETY: `env` is that of the running callback.
    unsafe {
        answer(env, || {
            // What was sent before comes first.
            clear_stage(state);
            body(&call)
        })
    }
}

/// What a callback returns; a fault or a panic becomes a JavaScript exception.
///
/// # Safety
/// `env` is that of the running callback.
#[inline]
pub(crate) unsafe fn answer(env: sys::napi_env, work: impl FnOnce() -> Outcome) -> sys::napi_value {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => value,
        Ok(Err(fault)) => throw(env, &fault.to_string()),
        Err(panic) => throw(
            env,
            &format!("ws-rs panicked, please report it: {}", text_of(&*panic)),
        ),
    }
}

/// What a panic said.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// The number of a native object as JavaScript has it. -1 stands for none there, and 0 is the first one's
/// number: what is no number of an object must not become that.
pub(crate) fn id_of(value: f64) -> Id {
    if value >= 0.0 { value as Id } else { Id::MAX }
}

fn throw(env: sys::napi_env, message: &str) -> sys::napi_value {
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    // SAFETY: `env` is live and the message is a C string. A failure leaves an earlier exception
    // pending, which then is the one to see.
    unsafe { sys::napi_throw_error(env, ptr::null(), message.as_ptr()) };
    ptr::null_mut()
}

/// The arguments of a call and the state of its copy.
pub(crate) struct Call<'a> {
    pub(crate) env: sys::napi_env,
    pub(crate) state: &'a Environment,
    args: [sys::napi_value; MAX_ARGS],
}

impl Call<'_> {
    /// The argument as JavaScript has it.
    pub(crate) const fn value(&self, index: usize) -> sys::napi_value {
        self.args[index]
    }

    pub(crate) fn u32(&self, index: usize) -> Outcome<u32> {
        let mut value = 0;
        // SAFETY: a live environment and value, and a valid out pointer; so below.
        check(unsafe { sys::napi_get_value_uint32(self.env, self.args[index], &mut value) })?;
        Ok(value)
    }

    /// The number of a native object.
    pub(crate) fn id(&self, index: usize) -> Outcome<Id> {
        self.f64(index).map(id_of)
    }

    pub(crate) fn i32(&self, index: usize) -> Outcome<i32> {
        let mut value = 0;
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_get_value_int32(self.env, self.args[index], &mut value) })?;
        Ok(value)
    }

    pub(crate) fn f64(&self, index: usize) -> Outcome<f64> {
        let mut value = 0.0;
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_get_value_double(self.env, self.args[index], &mut value) })?;
        Ok(value)
    }

    pub(crate) fn bool(&self, index: usize) -> Outcome<bool> {
        let mut value = false;
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_get_value_bool(self.env, self.args[index], &mut value) })?;
        Ok(value)
    }

    /// How many UTF-16 units a string has.
    pub(crate) fn units(&self, index: usize) -> Outcome<usize> {
        let (value, mut len) = (self.args[index], 0);
        // SAFETY: as in `u32`; without memory to write to, only the length is asked for.
        check(unsafe {
            sys::napi_get_value_string_utf16(self.env, value, ptr::null_mut(), 0, &mut len)
        })?;
        Ok(len)
    }

    pub(crate) fn bytes(&self, index: usize) -> Outcome<Bytes> {
        Bytes::of(self.env, self.args[index])
    }

    /// The bytes of an argument that may be `undefined`.
    pub(crate) fn optional_bytes(&self, index: usize) -> Outcome<Option<Bytes>> {
        if self.optional(index)?.is_null() {
            return Ok(None);
        }
        self.bytes(index).map(Some)
    }

    /// A value; null instead of `undefined`.
    pub(crate) fn optional(&self, index: usize) -> Outcome {
        let mut kind = 0;
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_typeof(self.env, self.args[index], &mut kind) })?;
        if kind == sys::ValueType::napi_undefined {
            return Ok(ptr::null_mut());
        }
        Ok(self.args[index])
    }

    pub(crate) fn undefined(&self) -> Outcome {
        Ok(ptr::null_mut())
    }

    /// `undefined` as a value, to be put into an array.
    pub(crate) fn undefined_value(&self) -> Outcome {
        let mut result = ptr::null_mut();
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_get_undefined(self.env, &mut result) })?;
        Ok(result)
    }

    pub(crate) fn number(&self, value: u32) -> Outcome {
        let mut result = ptr::null_mut();
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_create_uint32(self.env, value, &mut result) })?;
        Ok(result)
    }

    pub(crate) fn double(&self, value: f64) -> Outcome {
        let mut result = ptr::null_mut();
        // SAFETY: as in `u32`.
        check(unsafe { sys::napi_create_double(self.env, value, &mut result) })?;
        Ok(result)
    }

    pub(crate) fn string(&self, text: &str) -> Outcome {
        let mut result = ptr::null_mut();
        // SAFETY: as in `u32`; the text is valid for the call, which copies it.
        check(unsafe {
            sys::napi_create_string_utf8(
                self.env,
                text.as_ptr().cast(),
                text.len() as isize,
                &mut result,
            )
        })?;
        Ok(result)
    }

    /// A `Buffer` with a copy of `bytes`.
    pub(crate) fn buffer(&self, bytes: &[u8]) -> Outcome {
        let mut result = ptr::null_mut();
        // SAFETY: as in `string`.
        check(unsafe {
            sys::napi_create_buffer_copy(
                self.env,
                bytes.len(),
                bytes.as_ptr().cast(),
                ptr::null_mut(),
                &mut result,
            )
        })?;
        Ok(result)
    }

    /// An array of `items`. To be called with nothing of the state borrowed: a program that has put a setter on the
    /// prototype of arrays is called for it.
    pub(crate) fn array(&self, items: &[sys::napi_value]) -> Outcome {
        let mut array = ptr::null_mut();
        // SAFETY: as in `u32`; every item is a live value of this call.
        unsafe {
            check(sys::napi_create_array_with_length(
                self.env,
                items.len(),
                &mut array,
            ))?;
            for (index, item) in items.iter().enumerate() {
                check(sys::napi_set_element(self.env, array, index as u32, *item))?;
            }
        }
        Ok(array)
    }
}
