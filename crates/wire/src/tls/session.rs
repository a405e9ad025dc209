//! One TLS session: records in, plaintext out, and back. It moves no bytes itself.

use std::fmt;
use std::sync::Arc;

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, InsufficientSizeError, UnbufferedStatus};
use rustls::{Error, ServerConfig};

use super::hello::{ALERT, alert_before_hello};
use super::plain::Plain;
use super::queue::Queue;

/// What a record holds at most (RFC 8446, section 5.1).
pub(super) const MAX_RECORD: usize = 16 * 1024;
/// What a record has besides its payload, at most: five bytes of header, a tag of sixteen, and a nonce
/// of eight (TLS 1.2) or the type of its content (TLS 1.3).
pub(super) const RECORD_OVERHEAD: usize = 5 + 16 + 8;

/// The most that is sent together with what comes behind it.
pub(super) const MAX_LITTLE: usize = 1024;
/// The longest record that may still wait to be sent when a session fails.
const MAX_FLIGHT: usize = MAX_RECORD + RECORD_OVERHEAD;
/// The longest part of a record, or of a message of the handshake, that is kept until the rest comes.
pub(super) const MAX_PARTIAL: usize = 64 * 1024 + MAX_RECORD;

/// A server's session, from the client's hello on.
pub(super) struct Session {
    connection: UnbufferedServerConnection,
    /// Whether the first record is yet to come.
    is_fresh: bool,
    /// What came of a record, or of a message of the handshake, that is not whole yet. The session
    /// refers to it, and has to be given it each time.
    partial: Queue,
    /// Plaintext that the last caller had no room for.
    pub(super) plain: Plain,
    /// Records that are to be sent before all others.
    pub(super) outgoing: Queue,
    /// Why it ended, if not well.
    pub(super) error: Option<Error>,
    /// The peer said that it sends no more.
    pub(super) is_closed: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("error", &self.error)
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config)?,
            is_fresh: true,
            partial: Queue::default(),
            plain: Plain::default(),
            outgoing: Queue::default(),
            error: None,
            is_closed: false,
        })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    pub(super) const fn connection(&self) -> &UnbufferedServerConnection {
        &self.connection
    }

    /// Whether the records that are to be sent are so few that they may wait for the next one.
    pub(super) const fn has_little(&self) -> bool {
        self.outgoing.len() <= MAX_LITTLE
    }

    /// How many bytes of the last record there are, if it is not whole.
    pub(super) const fn partial_len(&self) -> usize {
        self.partial.len()
    }

    /// Works off the `len` bytes that stand in `buffer` behind room for those which came before.
    /// Plaintext goes to `room`, and what does not fit to `plain`: without any room record by record.
    /// Returns how much of the room was filled.
    pub(super) fn receive(&mut self, buffer: &mut [u8], len: usize, room: &mut [u8]) -> usize {
        let held = self.partial.len();
        let records = &mut buffer[..held + len];
        records[..held].copy_from_slice(self.partial.as_slice());
        let (used, filled) = self.work_off(records, room);
        self.partial.advance(held);
        if self.error.is_none() && used < records.len() {
            self.partial.push(&records[used..]);
        }
        if self.partial.len() > MAX_PARTIAL {
            self.error = Some(Error::PeerSentOversizedRecord);
        }
        filled
    }

    /// Returns how many bytes of the records were used, and how many of the room.
    fn work_off(&mut self, records: &mut [u8], room: &mut [u8]) -> (usize, usize) {
        let (mut used, mut filled) = (0, 0);
        if self.error.is_some() {
            return (records.len(), 0);
        }
        if self.is_fresh {
            if let Some((error, answer)) = alert_before_hello(records) {
                self.outgoing.push(&answer);
                self.error = Some(error);
                return (records.len(), 0);
            }
            // An alert that is not whole is looked at again.
            self.is_fresh = matches!(records.first(), None | Some(&ALERT));
        }
        loop {
            let UnbufferedStatus { discard, state, .. } =
                self.connection.process_tls_records(&mut records[used..]);
            let mut is_through = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        let bytes = record.payload;
                        if room.is_empty() {
                            self.plain.push_record(bytes);
                            continue;
                        }
                        let len = bytes.len().min(room.len() - filled);
                        room[filled..filled + len].copy_from_slice(&bytes[..len]);
                        filled += len;
                        if len < bytes.len() {
                            self.plain.push(&bytes[len..]);
                        }
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    if let Err(EncodeError::InsufficientSize(InsufficientSizeError {
                        required_size,
                    })) = data.encode(&mut [])
                    {
                        // It has exactly the room that it asked for.
                        let _ = data.encode(self.outgoing.extend(required_size));
                    }
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.is_closed = true,
                // Early data is not accepted; all other states wait for the peer, or for us.
                Ok(_) => is_through = true,
                Err(error) => {
                    used += discard;
                    self.error = Some(error);
                    self.queue_alert(&mut records[used..]);
                    return (used, filled);
                }
            }
            used += discard;
            if is_through {
                return (used, filled);
            }
        }
    }

    /// Queues what the peer is told after an error (RFC 8446, section 6.2). `records` begin behind those that the session
    /// failed with, as it must not be given them again.
    fn queue_alert(&mut self, records: &mut [u8]) {
        while self.connection.wants_write() {
            let UnbufferedStatus { state, .. } = self.connection.process_tls_records(records);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = state else {
                return;
            };
            let mut alert = [0; MAX_FLIGHT];
            let Ok(len) = data.encode(&mut alert) else {
                return;
            };
            self.outgoing.push(&alert[..len]);
        }
    }

    /// Encrypts `plaintext`, of a record at most, to the front of `room`; returns how many bytes that
    /// takes. `None`: nothing may be sent.
    pub(super) fn seal(&mut self, plaintext: &[u8], room: &mut [u8]) -> Option<usize> {
        if self.error.is_some() {
            return None;
        }
        // An update of keys goes first (RFC 8446, section 4.6.3): it takes two of these steps.
        let mut first = 0;
        for _ in 0..4 {
            let UnbufferedStatus { discard, state, .. } = self
                .connection
                .process_tls_records(self.partial.as_mut_slice());
            debug_assert_eq!(discard, 0, "only whole records are used up");
            match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let len = traffic.encrypt(plaintext, &mut room[first..]).ok()?;
                    return Some(first + len);
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    first += data.encode(&mut room[first..]).ok()?;
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.is_closed = true,
                _ => return None,
            }
        }
        None
    }

    /// Queues the word that nothing more is sent (RFC 8446, section 6.1).
    pub(super) fn close(&mut self) {
        if self.error.is_some() {
            return;
        }
        if let UnbufferedStatus {
            state: Ok(ConnectionState::WriteTraffic(mut traffic)),
            ..
        } = self
            .connection
            .process_tls_records(self.partial.as_mut_slice())
        {
            let mut notify = [0; 256];
            if let Ok(len) = traffic.queue_close_notify(&mut notify) {
                self.outgoing.push(&notify[..len]);
            }
        }
    }
}
