//! TLS on a socket of our own: what is read is plaintext, and what is written gets to the peer as records.

mod authorities;
mod certificate;
mod context;
mod facts;
mod hello;
mod plain;
mod queue;
mod reading;
mod scratch;
mod session;
mod slices;
#[cfg(test)]
mod tests;
mod writing;

use std::os::fd::RawFd;

use rustix::io::Errno;
use rustls::Error;

use self::context::take_name;
pub use self::context::{ClientCertificates, Context, Options, Version};
pub use self::facts::Facts;
use self::hello::{Hello, describe};
use self::queue::Queue;
use self::session::{MAX_PARTIAL, Session};
use crate::descriptor::borrow;
use crate::read::{RESET, Read, read_some};
use crate::write::write_some;

/// What is read for a handshake, or a request, at once.
const FIRST_READ: usize = 8 * 1024;
/// How much of a request is kept before somebody looks at it.
const MAX_REQUEST: usize = 16 * 1024;

/// What has come on a connection that is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// Nothing that somebody has to look at.
    Nothing,
    /// A hello, whose context is to be picked: [`Tls::server_name`], [`Tls::begin`].
    Hello,
    /// Plaintext: [`Tls::plaintext`].
    Plaintext,
    /// The end: [`Tls::error`] says whether it is a bad one.
    End,
}

/// A server's side of a TLS connection.
#[derive(Debug)]
pub struct Tls {
    fd: RawFd,
    /// From the hello on.
    session: Option<Session>,
    context: Option<Context>,
    server_name: Option<String>,
    /// What came of the hello, as long as there is no session.
    hello: Queue,
    /// Plaintext that was encrypted and not reported as written, as the kernel has not taken all of it.
    committed: usize,
    /// The kernel has no more: a system error number, or 0 for the end.
    kernel_end: Option<i32>,
    /// What was wrong with the hello.
    refused: Option<Error>,
    /// The first bytes that came, by which plain HTTP is told apart.
    first: [u8; 4],
    /// The kernel had no more when it was last asked.
    is_drained: bool,
    /// A short read is not taken for the last: there is an end behind it.
    until_empty: bool,
    /// Something came after that was known, be it a part of a record only.
    is_behind_part: bool,
    is_shut_down: bool,
    shut_down_later: bool,
}

impl Tls {
    /// A connection that was just accepted. Without a context, [`begin`](Self::begin) gives it one when the client has
    /// said whom it wants to speak to.
    ///
    /// # Errors
    /// The context is of no use.
    pub fn new(fd: RawFd, context: Option<&Context>) -> Result<Self, String> {
        let mut tls = Self {
            fd,
            session: None,
            context: None,
            server_name: None,
            hello: Queue::default(),
            committed: 0,
            kernel_end: None,
            refused: None,
            first: [0; 4],
            is_drained: false,
            until_empty: false,
            is_behind_part: false,
            is_shut_down: false,
            shut_down_later: false,
        };
        if let Some(context) = context {
            tls.begin(context)?;
        }
        Ok(tls)
    }

    pub(crate) const fn descriptor(&self) -> RawFd {
        self.fd
    }

    /// The same socket has another number from now on.
    pub(crate) const fn set_descriptor(&mut self, fd: RawFd) {
        self.fd = fd;
    }

    /// Goes on with the handshake in a context.
    ///
    /// # Errors
    /// The context is of no use.
    pub fn begin(&mut self, context: &Context) -> Result<(), String> {
        let mut session =
            Session::new(context.config.clone()).map_err(|error| error.to_string())?;
        self.context = Some(context.clone());
        let mut hello = std::mem::take(&mut self.hello);
        if !hello.is_empty() {
            let len = hello.len();
            session.receive(hello.as_mut_slice(), len, &mut []);
            take_name();
        }
        self.session = Some(session);
        self.flush();
        Ok(())
    }

    /// Reads what there is before the connection is open.
    pub fn arrive(&mut self) -> Arrived {
        if self.session.is_none() {
            return self.read_hello();
        }
        loop {
            let read = self.receive(FIRST_READ, &mut []);
            let Some(session) = &self.session else {
                return Arrived::End;
            };
            if session.plain.len() >= MAX_REQUEST {
                return Arrived::Plaintext;
            }
            if !read {
                // As for libuv, a reset right behind bytes is an end: so these are not lost while JavaScript is
                // asked whether to let the client in.
                if self.kernel_end == Some(RESET) && !session.plain.is_empty() {
                    self.kernel_end = Some(0);
                }
                return match session {
                    Session { plain, .. } if !plain.is_empty() => Arrived::Plaintext,
                    _ if self.end().is_some() => Arrived::End,
                    _ => Arrived::Nothing,
                };
            }
        }
    }

    fn read_hello(&mut self) -> Arrived {
        let mut bytes = [0; FIRST_READ];
        loop {
            match read_some(borrow(self.fd), &mut bytes) {
                Read::Bytes(len) => {
                    self.note_first(&bytes[..len]);
                    self.hello.push(&bytes[..len]);
                }
                Read::Empty => return Arrived::Nothing,
                Read::End | Read::Broken | Read::Dead => {
                    self.kernel_end = Some(0);
                    return Arrived::End;
                }
                Read::Failed(error) => {
                    self.kernel_end = Some(error);
                    return Arrived::End;
                }
            }
            if self.server_name.is_some() {
                // While a context is picked, which may take time, what comes is kept and an end is noticed.
                if self.hello.len() < MAX_PARTIAL {
                    continue;
                }
                self.refused = Some(Error::PeerSentOversizedRecord);
                return Arrived::End;
            }
            match Hello::of(self.hello.as_slice()) {
                Hello::Partial if self.hello.len() < MAX_PARTIAL => {}
                Hello::Partial => {
                    self.refused = Some(Error::PeerSentOversizedRecord);
                    return Arrived::End;
                }
                Hello::Whole(name) => {
                    self.server_name = Some(name.unwrap_or_default());
                    return Arrived::Hello;
                }
                Hello::Refused(error, alert) => {
                    // It is closed next; what the kernel does not take is lost.
                    write_some(borrow(self.fd), &[&alert]);
                    self.refused = Some(error);
                    return Arrived::End;
                }
            }
        }
    }

    /// Whom the client wants to speak to (RFC 6066, section 3); empty if it did not say.
    #[must_use]
    pub fn server_name(&self) -> &str {
        self.server_name.as_deref().unwrap_or_default()
    }

    /// What came and nobody has read.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        self.session
            .as_ref()
            .map_or(&[], |session| session.plain.as_slice())
    }

    /// The first `len` bytes of it were read.
    pub fn skip(&mut self, len: usize) {
        if let Some(session) = &mut self.session {
            session.plain.advance(len);
        }
    }

    /// Whether the handshake is through.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| !session.is_handshaking())
    }

    /// Whether the client has said whom it wants to speak to, and no context was picked.
    #[must_use]
    pub const fn awaits_context(&self) -> bool {
        self.session.is_none() && self.server_name.is_some()
    }

    /// Whether nothing more comes.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end().is_some() || self.refused.is_some()
    }

    /// What the handshake has agreed on.
    #[must_use]
    pub fn facts(&self) -> Facts {
        match (&self.session, &self.context) {
            (Some(session), Some(context)) => Facts::of(session.connection(), context),
            _ => Facts::default(),
        }
    }

    /// What went wrong in TLS: Node's code for it (`ERR_SSL_...`), and a text.
    #[must_use]
    pub fn error(&self) -> Option<(String, String)> {
        let error = match &self.session {
            Some(session) => session.error.as_ref(),
            None => self.refused.as_ref(),
        };
        error.map(|error| describe(error, &self.first))
    }

    /// The system error number, if the connection broke below TLS.
    #[must_use]
    pub fn system_error(&self) -> Option<i32> {
        self.kernel_end.filter(|error| *error != 0)
    }

    /// Nothing that the session says can be trusted any more, and nothing of it is sent.
    pub(crate) fn break_off(&mut self) {
        if let Some(session) = &mut self.session {
            session.outgoing = Queue::default();
            session.error = Some(Error::General("an I/O thread panicked".into()));
        }
        self.committed = 0;
    }

    /// The connection can be read no more, for a system error.
    pub fn fail(&mut self, error: i32) {
        self.kernel_end = Some(error);
        self.is_drained = true;
    }

    /// How it has ended, if it has: a system error number, or 0.
    fn end(&self) -> Option<i32> {
        let session = self.session.as_ref();
        if session.is_some_and(|session| session.error.is_some()) {
            return Some(Errno::PROTO.raw_os_error());
        }
        if session.is_some_and(|session| session.is_closed) {
            return Some(0);
        }
        self.kernel_end
    }

    fn partial_len(&self) -> usize {
        self.session.as_ref().map_or(0, Session::partial_len)
    }

    fn note_first(&mut self, bytes: &[u8]) {
        if self.first == [0; 4] {
            let len = bytes.len().min(4);
            self.first[..len].copy_from_slice(&bytes[..len]);
        }
    }
}
