//! Close frames and their status codes (RFC 6455, sections 5.5.1 and 7.4).

use crate::error::{ErrorKind, ProtocolError};
use crate::utf8::is_valid_utf8;

/// The status that stands for a close frame without one; it is never sent.
const NO_STATUS: u16 = 1005;

/// Whether a close frame may carry `code`: 1000-1003, 1007-1014 (1004 is reserved, 1005, 1006 and
/// 1015 are never sent) and 3000-4999.
#[must_use]
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Appends the payload of a close frame to `out`: nothing without a code, else code and reason.
pub fn write_close_payload(code: Option<u16>, reason: &[u8], out: &mut Vec<u8>) {
    if let Some(code) = code {
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(reason);
    }
}

/// Reads the status code of an unmasked close payload and checks the reason behind it.
pub(crate) fn parse_close_payload(
    payload: &[u8],
    skip_utf8_validation: bool,
) -> Result<u16, ProtocolError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Ok(NO_STATUS);
    };
    let code = u16::from_be_bytes(*code);
    if !is_valid_close_code(code) {
        return Err(ProtocolError::with_value(
            ErrorKind::InvalidCloseCode,
            u32::from(code),
        ));
    }
    if !skip_utf8_validation && !is_valid_utf8(reason) {
        return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
    }
    Ok(code)
}
