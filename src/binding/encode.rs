//! Pieces of frames for JavaScript: headers, masks, and the answer to a handshake's key.

use napi_sys as sys;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use ws_rs_protocol::apply_mask_at;

use super::call::{Call, Fault, Outcome, check};
pub(super) use super::frame::frame_of;

/// `acceptKey(key) -> string`: Sec-WebSocket-Accept (RFC 6455, section 4.2.2).
pub(crate) fn accept_key(call: &Call<'_>) -> Outcome {
    let mut key = [0_u8; 64];
    let mut len = 0;
    // SAFETY: a live value, and a buffer of the length given.
    check(unsafe {
        sys::napi_get_value_string_utf8(
            call.env,
            call.value(0),
            key.as_mut_ptr().cast(),
            key.len(),
            &mut len,
        )
    })?;
    call.string(&derive_accept_key(&key[..len]))
}

/// `encodeHeader(target, first, length, key?) -> bytes written`: `first` holds FIN, RSV1 and the
/// opcode, `key` is four bytes.
pub(crate) fn encode_header(call: &Call<'_>) -> Outcome {
    let target = call.bytes(0)?;
    let mut frame = frame_of(call.u32(1)?);
    let len = call.f64(2)?;
    if let Some(key) = call.optional_bytes(3)? {
        frame.mask = key.chunk(0);
    }
    let (header, end) = ws_rs_protocol::encode_header(&frame, len as u64);
    if !target.write(0, &header[..end]) {
        return Err(Fault::Message("ws-rs: a frame header takes up to 14 bytes"));
    }
    call.number(end as u32)
}

/// `mask(source, key, target)`: writes the masked source to the target, which may be the source.
pub(crate) fn mask(call: &Call<'_>) -> Outcome {
    let (source, target) = (call.bytes(0)?, call.bytes(2)?);
    let key = call.bytes(1)?.chunk(0);
    let key = key.ok_or(Fault::Message("ws-rs: a masking key is four bytes"))?;
    if target.len < source.len {
        return Err(Fault::Message(
            "ws-rs: the target is shorter than the source",
        ));
    }
    target.fill_with(source, |piece, at| apply_mask_at(piece, key, at as u64));
    call.undefined()
}
