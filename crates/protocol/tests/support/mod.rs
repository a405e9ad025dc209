//! What the test files share: frames built from the RFC alone, a peer that records, random numbers.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate of its own and uses a part"
)]

use ws_rs_protocol::{
    CompressionError, Config, Connection, ErrorKind, Event, Inflated, Inflater, Input, Message,
    PayloadStore, ProtocolError, Role,
};

/// The masking key of the examples in RFC 6455, section 5.7.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// The key that the peer of `role` masks with.
pub fn key_for(role: Role) -> Option<[u8; 4]> {
    (role == Role::Server).then_some(KEY)
}

/// A frame in its shortest form, built without the code under test; `first` is its first byte.
pub fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let len = payload.len();
    let (marker, extended) = match len {
        0..126 => (len as u8, 0),
        126..65_536 => (126, 2),
        _ => (127, 8),
    };
    let mut bytes = vec![first, marker | if key.is_some() { 0x80 } else { 0 }];
    bytes.extend_from_slice(&(len as u64).to_be_bytes()[8 - extended..]);
    if let Some(key) = key {
        bytes.extend_from_slice(&key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    } else {
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// An event with its bytes taken out of the chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
}

/// Why a stream ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    Protocol(ProtocolError),
    Compression(CompressionError),
}

/// A connection, its inflater and what they reported.
#[derive(Debug)]
pub struct Recorder<S = Vec<u8>> {
    pub connection: Connection<S>,
    pub inflater: Option<Inflater>,
    pub seen: Vec<Seen>,
    /// `fragment_ends` after each message.
    pub ends: Vec<Vec<usize>>,
    pub failure: Option<Failure>,
}

impl<S: PayloadStore> Recorder<S> {
    pub fn new(role: Role, config: Config) -> Self {
        Self {
            connection: Connection::new(role, config),
            inflater: config.compression.then(|| Inflater::new(15, Vec::new())),
            seen: Vec::new(),
            ends: Vec::new(),
            failure: None,
        }
    }

    /// Hands one chunk in and polls until it is used up; false once the connection has failed.
    pub fn feed(&mut self, chunk: &[u8]) -> bool {
        let mut bytes = chunk.to_vec();
        let result = self.try_feed(&mut bytes);
        self.failure = self.failure.or(result.err());
        self.failure.is_none()
    }

    /// Feeds `bytes` cut at `cuts`, which ascend; stops at the first failure.
    pub fn feed_cut(&mut self, bytes: &[u8], cuts: &[usize]) {
        let mut start = 0;
        for &end in cuts.iter().chain([&bytes.len()]) {
            if !self.feed(&bytes[start..end]) {
                return;
            }
            start = end;
        }
    }

    fn try_feed(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let mut input = self
            .connection
            .handle_bytes(bytes)
            .map_err(Failure::Protocol)?;
        while self.step(&mut input)? {}
        Ok(())
    }

    /// Polls for one event; false when there was none.
    pub fn step(&mut self, input: &mut Input<'_>) -> Result<bool, Failure> {
        let polled = self.connection.poll_event(input);
        let Some(event) = polled.map_err(Failure::Protocol)? else {
            return Ok(false);
        };
        match event {
            Event::Message(message) => self.see_message(&message, input),
            Event::Ping(payload) => self.seen.push(Seen::Ping(input.payload(&payload).to_vec())),
            Event::Pong(payload) => self.seen.push(Seen::Pong(input.payload(&payload).to_vec())),
            Event::Close(close) => {
                let payload = input.payload(&close.payload).to_vec();
                self.seen.push(Seen::Close(close.code, payload));
            }
            Event::Compressed(frame) => {
                let inflater = self.inflater.as_mut().expect("compression is on");
                let limit = match self.connection.config_mut().max_payload {
                    0 => None,
                    max => Some(max as usize),
                };
                let mut out = Vec::new();
                inflater
                    .decompress(input.payload(&frame.payload), frame.fin, limit, &mut out)
                    .map_err(Failure::Compression)?;
                if frame.fin && inflater.has_ended() {
                    inflater.reset();
                }
                let inflated = self.connection.handle_inflated(&out);
                match inflated.map_err(Failure::Protocol)? {
                    Inflated::Incomplete => {}
                    Inflated::Whole { binary } => self.see(binary, &out),
                    Inflated::Assembled(message) => self.see_message(&message, input),
                }
            }
        }
        Ok(true)
    }

    fn see_message(&mut self, message: &Message<S>, input: &Input<'_>) {
        self.see(message.binary, input.payload(&message.payload));
    }

    fn see(&mut self, binary: bool, payload: &[u8]) {
        let payload = payload.to_vec();
        self.seen.push(if binary {
            Seen::Binary(payload)
        } else {
            Seen::Text(payload)
        });
        self.ends.push(self.connection.fragment_ends().to_vec());
    }
}

/// All of `bytes` as one chunk to a fresh connection.
pub fn receive(role: Role, config: Config, bytes: &[u8]) -> (Vec<Seen>, Option<ProtocolError>) {
    receive_cut(role, config, bytes, &[])
}

/// `bytes` cut at `cuts` to a fresh connection.
pub fn receive_cut(
    role: Role,
    config: Config,
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<Seen>, Option<ProtocolError>) {
    let mut recorder: Recorder = Recorder::new(role, config);
    recorder.feed_cut(bytes, cuts);
    let error = recorder.failure.map(|failure| match failure {
        Failure::Protocol(error) => error,
        Failure::Compression(error) => panic!("{error}"),
    });
    (recorder.seen, error)
}

/// The kind of error that `bytes` give a client with the default configuration.
pub fn error_of(bytes: &[u8]) -> Option<ErrorKind> {
    let (_, error) = receive(Role::Client, Config::default(), bytes);
    error.map(|error| error.kind)
}

/// Marsaglia's xorshift64: the same numbers in every run.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 32) as u8).collect()
    }

    /// Ascending places to cut `len` bytes at, every chunk up to `longest` long.
    pub fn cuts(&mut self, len: usize, longest: usize) -> Vec<usize> {
        let mut cuts = Vec::new();
        let mut at = 1 + self.below(longest);
        while at < len {
            cuts.push(at);
            at += 1 + self.below(longest);
        }
        cuts
    }
}
