//! Frame headers on their way in (RFC 6455, section 5.2), checked as soon as each part is there.

use crate::config::{Config, Role};
use crate::error::{ErrorKind, ProtocolError};
use crate::event::Input;
use crate::frame::MAX_HEADER_LEN;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// The largest integer that a JavaScript number counts exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A header that passed every check.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) rsv1: bool,
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) len: u64,
}

impl Header {
    pub(crate) const fn is_control(&self) -> bool {
        self.opcode >= CLOSE
    }

    /// Whether the frame is a message of its own, and not compressed.
    pub(crate) const fn is_message(&self) -> bool {
        self.fin && !self.rsv1 && matches!(self.opcode, TEXT | BINARY)
    }
}

/// What the checks need to know of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) role: Role,
    pub(crate) config: &'a Config,
    /// Whether a fragmented message is open.
    pub(crate) fragmented: bool,
    /// The wire length of its frames so far.
    pub(crate) message_len: u64,
}

/// A header cut by the end of a chunk.
#[derive(Debug, Default)]
pub(crate) struct HeaderReader {
    bytes: [u8; MAX_HEADER_LEN],
    len: u8,
}

/// How far a header has come.
pub(crate) enum Progress {
    Complete(Header, usize),
    /// The part from `start` to `end` is not there yet.
    Incomplete {
        start: usize,
        end: usize,
    },
}

impl HeaderReader {
    /// How many bytes of the header are held.
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Reads on. `Ok(None)`: the input is used up; `held` then counts the chunks kept for it.
    pub(crate) fn read(
        &mut self,
        input: &mut Input<'_>,
        context: &Context<'_>,
        held: &mut u32,
    ) -> Result<Option<Header>, ProtocolError> {
        if self.len == 0 {
            return match inspect(&input.bytes[input.position..], context)? {
                Progress::Complete(header, len) => {
                    input.position += len;
                    *held = 0;
                    Ok(Some(header))
                }
                Progress::Incomplete { start, .. } => {
                    let rest = input.take(usize::MAX);
                    let kept = rest.len();
                    self.bytes[..kept].copy_from_slice(&input.bytes[rest]);
                    self.len = kept as u8;
                    *held = u32::from(kept > start);
                    Ok(None)
                }
            };
        }
        let mut fresh = input.remaining() > 0;
        loop {
            match inspect(&self.bytes[..self.len()], context)? {
                Progress::Complete(header, _) => {
                    self.len = 0;
                    *held = 0;
                    return Ok(Some(header));
                }
                Progress::Incomplete { start, end } => {
                    if self.len() == start {
                        // All before is used up, but the rest of this chunk is held anew.
                        *held = 0;
                        fresh = true;
                    }
                    let range = input.take(end - self.len());
                    if range.is_empty() {
                        return Ok(None);
                    }
                    if fresh {
                        *held += 1;
                        fresh = false;
                    }
                    let at = self.len();
                    self.bytes[at..at + range.len()].copy_from_slice(&input.bytes[range.clone()]);
                    self.len += range.len() as u8;
                }
            }
        }
    }
}

/// Checks what is there of a header, in the order in which `ws` does.
pub(crate) fn inspect(bytes: &[u8], context: &Context<'_>) -> Result<Progress, ProtocolError> {
    let &[first, second, ..] = bytes else {
        return Ok(Progress::Incomplete { start: 0, end: 2 });
    };
    let mut header = Header {
        fin: first & 0x80 != 0,
        rsv1: first & 0x40 != 0,
        opcode: first & 0x0f,
        mask: None,
        len: u64::from(second & 0x7f),
    };
    check_first_bytes(&header, first & 0x30 != 0, context)?;
    let masked = second & 0x80 != 0;
    match (context.role.expects_mask(), masked) {
        (true, false) => return Err(ProtocolError::new(ErrorKind::ExpectedMask)),
        (false, true) => return Err(ProtocolError::new(ErrorKind::UnexpectedMask)),
        _ => {}
    }
    let mut end = 2;
    match header.len {
        126 => {
            let Some(extended) = bytes[2..].first_chunk() else {
                return Ok(Progress::Incomplete { start: 2, end: 4 });
            };
            header.len = u64::from(u16::from_be_bytes(*extended));
            end = 4;
        }
        127 => {
            let Some(extended) = bytes[2..].first_chunk() else {
                return Ok(Progress::Incomplete { start: 2, end: 10 });
            };
            header.len = u64::from_be_bytes(*extended);
            end = 10;
            if header.len > MAX_SAFE_INTEGER {
                return Err(ProtocolError::new(ErrorKind::UnsupportedDataPayloadLength));
            }
        }
        _ => {}
    }
    if !header.is_control() {
        let max = context.config.max_payload;
        if max > 0 && context.message_len.saturating_add(header.len) > max {
            return Err(ProtocolError::new(ErrorKind::UnsupportedMessageLength));
        }
    }
    if masked {
        let Some(key) = bytes[end..].first_chunk() else {
            return Ok(Progress::Incomplete {
                start: end,
                end: end + 4,
            });
        };
        header.mask = Some(*key);
        end += 4;
    }
    Ok(Progress::Complete(header, end))
}

fn check_first_bytes(
    header: &Header,
    rsv2_or_rsv3: bool,
    context: &Context<'_>,
) -> Result<(), ProtocolError> {
    if rsv2_or_rsv3 {
        return Err(ProtocolError::new(ErrorKind::UnexpectedRsv23));
    }
    if header.rsv1 && !context.config.compression {
        return Err(ProtocolError::new(ErrorKind::UnexpectedRsv1));
    }
    let invalid_opcode =
        ProtocolError::with_value(ErrorKind::InvalidOpcode, u32::from(header.opcode));
    match header.opcode {
        CONTINUATION if header.rsv1 => Err(ProtocolError::new(ErrorKind::UnexpectedRsv1)),
        CONTINUATION if !context.fragmented => Err(invalid_opcode),
        TEXT | BINARY if context.fragmented => Err(invalid_opcode),
        CONTINUATION | TEXT | BINARY => Ok(()),
        CLOSE | PING | PONG => {
            if !header.fin {
                return Err(ProtocolError::new(ErrorKind::ExpectedFin));
            }
            if header.rsv1 {
                return Err(ProtocolError::new(ErrorKind::UnexpectedRsv1));
            }
            if header.len > 125 || (header.opcode == CLOSE && header.len == 1) {
                return Err(ProtocolError::with_value(
                    ErrorKind::InvalidControlPayloadLength,
                    header.len as u32,
                ));
            }
            Ok(())
        }
        _ => Err(invalid_opcode),
    }
}
