//! What a call into native code comes to.

use napi_sys as sys;

/// Why a call failed; it is thrown as a JavaScript `Error`.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Node-API said no. Mostly an argument of another type than our own JavaScript passes.
    Status(sys::napi_status),
    /// Something that has a better sentence.
    Message(&'static str),
}

pub(crate) type Outcome<T = sys::napi_value> = std::result::Result<T, Fault>;

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "ws-rs: bad native call (Node-API status {status})"),
            Self::Message(text) => f.write_str(text),
        }
    }
}

/// Turns a Node-API status into a result.
pub(crate) fn check(status: sys::napi_status) -> Outcome<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Fault::Status(status))
    }
}
