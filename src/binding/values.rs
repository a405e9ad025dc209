//! The JavaScript values that native code needs between calls.

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::ptr;

use napi_sys as sys;

use super::call::{Outcome, check};

/// Values of one copy of the JavaScript: listeners, and memory that it shares with us.
///
/// An object has them, and each function of the binding has that object, for good. What a program deletes there may be
/// gone for us as well, which [`Value::get`] says. So they live as long as anybody can call us, and a copy that nobody uses
/// any more, as a test runner leaves one behind for each file, can be collected with all that it has. While native code
/// itself may want them, for a socket or a job on another thread, [`retain`](Self::retain) keeps them.
#[derive(Debug)]
pub(crate) struct Values {
    env: sys::napi_env,
    object: sys::napi_ref,
    uses: Cell<usize>,
    /// Weak ones, by the index that their value has in the object.
    kept: RefCell<Vec<sys::napi_ref>>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    index: usize,
    reference: sys::napi_ref,
}

impl Values {
    /// None yet, and the object that will have them.
    pub(crate) fn new(env: sys::napi_env) -> Outcome<(Self, sys::napi_value)> {
        let (mut value, mut object) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment, in a callback, and valid out pointers.
        unsafe {
            check(sys::napi_create_object(env, &mut value))?;
            check(sys::napi_create_reference(env, value, 0, &mut object))?;
        }
        let values = Self {
            env,
            object,
            uses: Cell::new(0),
            kept: RefCell::default(),
        };
        Ok((values, value))
    }

    pub(crate) const fn env(&self) -> sys::napi_env {
        self.env
    }

    /// Keeps one more, an object or a function, or this one instead of another.
    pub(crate) fn keep(&self, value: sys::napi_value, instead: Option<Value>) -> Outcome<Value> {
        let (mut object, mut reference) = (ptr::null_mut(), ptr::null_mut());
        let mut kept = self.kept.borrow_mut();
        let index = instead.map_or(kept.len(), |old| old.index);
        let name = CString::new(index.to_string()).unwrap_or_default();
        // SAFETY: a live environment and value, in a callback. Its function has the object, so that
        // the reference to it is not empty.
        unsafe {
            check(sys::napi_get_reference_value(
                self.env,
                self.object,
                &mut object,
            ))?;
            // Not set, as an object's prototype may have somebody called for that.
            let property = sys::napi_property_descriptor {
                utf8name: name.as_ptr(),
                name: ptr::null_mut(),
                method: None,
                getter: None,
                setter: None,
                value,
                attributes: sys::PropertyAttributes::configurable,
                data: ptr::null_mut(),
            };
            check(sys::napi_define_properties(self.env, object, 1, &property))?;
            check(sys::napi_create_reference(
                self.env,
                value,
                0,
                &mut reference,
            ))?;
        }
        if index == kept.len() {
            kept.push(reference);
        } else {
            let old = std::mem::replace(&mut kept[index], reference);
            // SAFETY: made here, and deleted once, as it is not in the list any more.
            unsafe { sys::napi_delete_reference(self.env, old) };
        }
        Ok(Value { index, reference })
    }

    /// Native code has one use more for them, until [`release`](Self::release) is called.
    pub(crate) fn retain(&self) {
        let uses = self.uses.get();
        self.uses.set(uses + 1);
        if uses == 0 {
            // SAFETY: a live environment, on its thread, and a reference that is never deleted; the object lives, as
            // the function of the callback that runs has it. The count may be left out.
            unsafe { sys::napi_reference_ref(self.env, self.object, ptr::null_mut()) };
        }
    }

    /// Native code has one use less for them.
    pub(crate) fn release(&self) {
        let uses = self.uses.get() - 1;
        self.uses.set(uses);
        if uses == 0 {
            // SAFETY: as in `retain`; the use that ends here has kept the object.
            unsafe { sys::napi_reference_unref(self.env, self.object, ptr::null_mut()) };
        }
    }
}

impl Value {
    /// The value, unless another one is kept instead; null if all of them are gone, as then nobody
    /// can want it.
    pub(crate) fn get(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: a live environment, in a handle scope. The reference is deleted when whoever has
        // this has got another one for it, and with the state of which they are parts. On failure
        // the value stays null.
        unsafe { sys::napi_get_reference_value(env, self.reference, &mut value) };
        value
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        for reference in self.kept.get_mut().drain(..).chain([self.object]) {
            // SAFETY: on the environment's thread, which lives or is in its finalizers, where
            // Node-API still deletes references; each is ours and deleted once.
            unsafe { sys::napi_delete_reference(self.env, reference) };
        }
    }
}
