//! The two peers with one vocabulary: what either of them sees is a [`Seen`].
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate of its own and uses a part"
)]

use std::io::{self, Read, Write};

use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, protocol};
use ws_rs_protocol::{Config, Connection, Event, ProtocolError, Role};

pub const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// The same role in the words of tungstenite.
pub fn their(role: Role) -> protocol::Role {
    match role {
        Role::Client => protocol::Role::Client,
        Role::Server => protocol::Role::Server,
    }
}

pub fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// The key with which frames to `role` are masked.
pub fn key_for(role: Role) -> Option<[u8; 4]> {
    (role == Role::Server).then_some([0x37, 0xfa, 0x21, 0x3d])
}

/// A frame in its shortest form, built without either implementation.
pub fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let len = payload.len();
    let (marker, extended) = match len {
        0..126 => (len as u8, 0),
        126..65_536 => (126, 2),
        _ => (127, 8),
    };
    let mut bytes = vec![first, marker | if key.is_some() { 0x80 } else { 0 }];
    bytes.extend_from_slice(&(len as u64).to_be_bytes()[8 - extended..]);
    bytes.extend(key.iter().flatten());
    let key = key.unwrap_or_default();
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    bytes
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// Code (1005 for none) and reason.
    Close(u16, Vec<u8>),
}

impl From<Message> for Seen {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text(text.as_bytes().to_vec()),
            Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Message::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Message::Pong(bytes) => Self::Pong(bytes.to_vec()),
            Message::Close(None) => Self::Close(1005, vec![]),
            Message::Close(Some(CloseFrame { code, reason })) => {
                Self::Close(code.into(), reason.as_bytes().to_vec())
            }
            Message::Frame(frame) => panic!("reading gives no raw frames: {frame}"),
        }
    }
}

/// Hands `chunk` to our connection and records what it reports.
pub fn feed(
    connection: &mut Connection,
    chunk: &[u8],
    seen: &mut Vec<Seen>,
) -> Result<(), ProtocolError> {
    let mut bytes = chunk.to_vec();
    let mut input = connection.handle_bytes(&mut bytes)?;
    while let Some(event) = connection.poll_event(&mut input)? {
        seen.push(match event {
            Event::Message(message) => {
                let payload = input.payload(&message.payload).to_vec();
                if message.binary {
                    Seen::Binary(payload)
                } else {
                    Seen::Text(payload)
                }
            }
            Event::Ping(payload) => Seen::Ping(input.payload(&payload).to_vec()),
            Event::Pong(payload) => Seen::Pong(input.payload(&payload).to_vec()),
            Event::Close(close) => {
                let payload = input.payload(&close.payload);
                Seen::Close(close.code, payload.get(2..).unwrap_or_default().to_vec())
            }
            Event::Compressed(_) => panic!("no compression was negotiated"),
        });
    }
    Ok(())
}

/// What ours makes of `chunks`.
pub fn ours(role: Role, chunks: &[&[u8]]) -> (Vec<Seen>, Option<ProtocolError>) {
    let mut connection: Connection = Connection::new(role, Config::default());
    run(&mut connection, chunks)
}

/// What `connection` makes of `chunks`.
pub fn run(connection: &mut Connection, chunks: &[&[u8]]) -> (Vec<Seen>, Option<ProtocolError>) {
    let mut seen = Vec::new();
    let error = chunks
        .iter()
        .find_map(|chunk| feed(connection, chunk, &mut seen).err());
    (seen, error)
}

/// What tungstenite makes of `chunks`.
pub fn theirs(role: Role, chunks: &[&[u8]]) -> (Vec<Seen>, Option<Error>) {
    let stream = Chunks {
        chunks: chunks.iter().rev().map(|chunk| chunk.to_vec()).collect(),
    };
    // The limit of our default configuration.
    let limit = Some(100 << 20);
    let config = WebSocketConfig::default()
        .max_message_size(limit)
        .max_frame_size(limit);
    let mut socket = WebSocket::from_raw_socket(stream, their(role), Some(config));
    let mut seen = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => seen.push(Seen::from(message)),
            // The end of the chunks, or of the closing handshake.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (seen, None);
            }
            Err(Error::ConnectionClosed) => return (seen, None),
            Err(error) => return (seen, Some(error)),
        }
    }
}

/// Gives its chunks one by one, the last first in the list, and swallows what is written.
struct Chunks {
    chunks: Vec<Vec<u8>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(chunk) = self.chunks.last_mut() else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let len = chunk.len().min(buffer.len());
        buffer[..len].copy_from_slice(&chunk[..len]);
        chunk.drain(..len);
        if chunk.is_empty() {
            self.chunks.pop();
        }
        Ok(len)
    }
}

impl Write for Chunks {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Marsaglia's xorshift64: the same numbers in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// `bytes` in pieces of 1 to `longest`.
    pub fn chop<'a>(&mut self, mut bytes: &'a [u8], longest: usize) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        while !bytes.is_empty() {
            let (chunk, rest) = bytes.split_at(bytes.len().min(1 + self.below(longest)));
            chunks.push(chunk);
            bytes = rest;
        }
        chunks
    }
}
