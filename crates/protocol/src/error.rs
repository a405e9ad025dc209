//! Every way a peer can break the protocol, with what `ws` says about it.

use std::fmt;

/// The JavaScript class that an error has in `ws`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// `Error`
    Error,
    /// `RangeError`
    RangeError,
}

/// A protocol violation: its kind, and the offending value where the message quotes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolError {
    /// What was violated.
    pub kind: ErrorKind,
    /// The opcode, length or status code that the message quotes; 0 where it quotes none.
    pub value: u32,
}

impl ProtocolError {
    pub(crate) const fn new(kind: ErrorKind) -> Self {
        Self { kind, value: 0 }
    }

    pub(crate) const fn with_value(kind: ErrorKind, value: u32) -> Self {
        Self { kind, value }
    }

    /// The status code to fail the connection with (RFC 6455, section 7.4.1).
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        self.kind.info().close_code
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.kind.info().message;
        match message.strip_suffix("{}") {
            Some(text) => write!(f, "{text}{}", self.value),
            None => f.write_str(message),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// One row of the error table.
#[derive(Debug, Clone, Copy)]
pub struct ErrorInfo {
    /// The stable `code` property, `WS_ERR_*`.
    pub code: &'static str,
    /// The JavaScript class.
    pub class: ErrorClass,
    /// The text; a trailing `{}` stands for [`ProtocolError::value`].
    pub message: &'static str,
    /// The status code of the close frame.
    pub close_code: u16,
}

macro_rules! error_table {
    ($($(#[$doc:meta])* $kind:ident = $number:literal: $class:ident $close_code:literal $code:literal $message:literal;)*) => {
        /// The kinds of protocol violation. The numbers cross the binding, so they are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ErrorKind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The code, class, message and close code of this kind.
            #[must_use]
            pub const fn info(self) -> ErrorInfo {
                match self {
                    $(Self::$kind => ErrorInfo {
                        code: $code,
                        class: ErrorClass::$class,
                        message: $message,
                        close_code: $close_code,
                    },)*
                }
            }
        }
    };
}

error_table! {
    /// A control frame was fragmented (RFC 6455, section 5.5).
    ExpectedFin = 1: RangeError 1002 "WS_ERR_EXPECTED_FIN"
        "Invalid WebSocket frame: FIN must be set";
    /// A client sent an unmasked frame (section 5.1).
    ExpectedMask = 2: RangeError 1002 "WS_ERR_EXPECTED_MASK"
        "Invalid WebSocket frame: MASK must be set";
    /// A server sent a masked frame (section 5.1).
    UnexpectedMask = 3: RangeError 1002 "WS_ERR_UNEXPECTED_MASK"
        "Invalid WebSocket frame: MASK must be clear";
    /// RSV1 without an extension that gives it a meaning (section 5.2).
    UnexpectedRsv1 = 4: RangeError 1002 "WS_ERR_UNEXPECTED_RSV_1"
        "Invalid WebSocket frame: RSV1 must be clear";
    /// RSV2 or RSV3, which no known extension uses (section 5.2).
    UnexpectedRsv23 = 5: RangeError 1002 "WS_ERR_UNEXPECTED_RSV_2_3"
        "Invalid WebSocket frame: RSV2 and RSV3 must be clear";
    /// A reserved opcode, or a data opcode out of its place in a fragmented message (section 5.4).
    InvalidOpcode = 6: RangeError 1002 "WS_ERR_INVALID_OPCODE"
        "Invalid WebSocket frame: invalid opcode {}";
    /// A control frame of more than 125 bytes, or a close frame of one (section 5.5).
    InvalidControlPayloadLength = 7: RangeError 1002 "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"
        "Invalid WebSocket frame: invalid payload length {}";
    /// A close frame with a status code that may not be sent (section 7.4).
    InvalidCloseCode = 8: RangeError 1002 "WS_ERR_INVALID_CLOSE_CODE"
        "Invalid WebSocket frame: invalid status code {}";
    /// A text message or close reason that is not UTF-8 (section 8.1).
    InvalidUtf8 = 9: Error 1007 "WS_ERR_INVALID_UTF8"
        "Invalid WebSocket frame: invalid UTF-8 sequence";
    /// A frame longer than a JavaScript number can count exactly.
    UnsupportedDataPayloadLength = 10: RangeError 1009 "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH"
        "Unsupported WebSocket frame: payload length > 2^53 - 1";
    /// A message longer than `maxPayload`, on the wire or inflated.
    UnsupportedMessageLength = 11: RangeError 1009 "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
        "Max payload size exceeded";
    /// A message of more than `maxFragments` frames.
    TooManyFragments = 12: RangeError 1008 "WS_ERR_TOO_MANY_BUFFERED_PARTS"
        "Too many message fragments";
    /// An incomplete frame spread over more than `maxBufferedChunks` chunks.
    TooManyBufferedChunks = 13: RangeError 1008 "WS_ERR_TOO_MANY_BUFFERED_PARTS"
        "Too many buffered chunks";
}

/// Why a compressed payload could not be inflated (RFC 7692, section 7.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionError {
    /// The bytes are no DEFLATE stream; the text is zlib's.
    Corrupt(&'static str),
    /// The output would exceed the limit.
    TooLong,
    /// The allocator refused the memory.
    OutOfMemory,
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Corrupt(text) => text,
            Self::TooLong => ErrorKind::UnsupportedMessageLength.info().message,
            Self::OutOfMemory => "out of memory",
        })
    }
}

impl std::error::Error for CompressionError {}
