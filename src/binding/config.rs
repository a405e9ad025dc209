//! The limits of a connection, as JavaScript gives them.

use ws_rs_protocol::Config;

use super::call::{Call, Outcome};
use crate::numbers::config;

/// Limits and flags, from the argument `at` on.
pub(crate) fn read_config(call: &Call<'_>, at: usize) -> Outcome<Config> {
    let flags = call.u32(at + 3)?;
    Ok(Config {
        max_payload: call.f64(at)?.max(0.0) as u64,
        max_fragments: call.i32(at + 1)?.max(0) as u32,
        max_buffered_chunks: call.i32(at + 2)?.max(0) as u32,
        compression: flags & config::COMPRESSION != 0,
        skip_utf8_validation: flags & config::SKIP_UTF8_VALIDATION != 0,
    })
}
