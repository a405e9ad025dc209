//! A sans-IO WebSocket protocol core: RFC 6455 frames and messages, RFC 7692 compression.
//!
//! Nothing here reads a socket, a clock or a random source. Bytes come in through
//! [`Connection::handle_bytes`], events go out through [`Connection::poll_event`]; masking keys are
//! arguments. The same object therefore serves every transport, and a test needs no peer.
//!
//! ```
//! use ws_rs_protocol::{Config, Connection, Event, Payload, Role};
//!
//! let mut connection: Connection = Connection::new(Role::Client, Config::default());
//! let mut bytes = *b"\x81\x02hi";
//! let mut input = connection.handle_bytes(&mut bytes).unwrap();
//! match connection.poll_event(&mut input).unwrap() {
//!     Some(Event::Message(message)) => assert_eq!(input.payload(&message.payload), b"hi"),
//!     other => panic!("{other:?}"),
//! }
//! assert!(connection.poll_event(&mut input).unwrap().is_none());
//! ```

mod assembly;
mod close;
mod commands;
mod config;
mod connection;
mod deflate;
mod error;
mod event;
mod frame;
mod header;
mod inflate;
mod inflating;
mod mask;
mod on_the_way;
mod passing;
mod ping_responder;
mod store;
mod upgrade_request;
mod utf8;

pub use close::{is_valid_close_code, write_close_payload};
pub use config::{Config, Role};
pub use connection::Connection;
pub use deflate::{DEFAULT_MEM_LEVEL, DeflateOptions, Deflater, Strategy};
pub use error::{CompressionError, ErrorClass, ErrorInfo, ErrorKind, ProtocolError};
pub use event::{Close, CompressedFrame, Event, Inflated, Input, Message, Payload};
pub use frame::{
    Frame, MAX_HEADER_LEN, encode_frame, encode_frame_with, encode_header, header_len,
    payload_start,
};
pub use inflate::Inflater;
pub use inflating::{Inflate, Passed};
pub use mask::{apply_mask, apply_mask_at};
pub use on_the_way::MAX_INLINE_LEN;
pub use ping_responder::PingResponder;
pub use store::{OutOfMemory, PayloadStore};
pub use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
pub use upgrade_request::{MAX_HEAD, UpgradeRequest};
pub use utf8::is_valid_utf8;
