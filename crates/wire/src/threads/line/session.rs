//! What the owner wants of the TLS session of a socket on an I/O thread.

use super::{Io, Line};
use crate::socket::Socket;
use crate::tls::Tls;
use crate::write::Write;

impl Line {
    /// Says that nothing more will be written, behind what the kernel takes now; returns what the owner is
    /// to be told.
    pub(in crate::threads) fn shut_down(&self) -> u8 {
        let mut io = self.io();
        let news = self.write(&mut io);
        if let Some(socket) = &mut io.socket {
            socket.shut_down();
        }
        news | self.flush_records(&mut io)
    }

    /// Calls `body` with the TLS session, if there is one.
    pub(in crate::threads) fn with_tls<T>(&self, body: impl FnOnce(&mut Tls) -> T) -> Option<T> {
        match &mut self.io().socket {
            Some(Socket::Tls(tls)) => Some(body(tls)),
            _ => None,
        }
    }

    /// Whether records wait to be written.
    pub(in crate::threads) fn has_backlog(&self) -> bool {
        self.with_tls(|tls| tls.has_backlog()).unwrap_or(false)
    }

    /// Writes what a stream gives over TLS, which is then the only one that does.
    pub(in crate::threads) fn write_tls(&self, bytes: &[u8]) -> Result<bool, i32> {
        let mut io = self.io();
        let Io { socket, answer, .. } = &mut *io;
        let Some(Socket::Tls(tls)) = socket else {
            return Ok(true);
        };
        tls.write_all(&std::mem::take(answer))?;
        let mut is_written = tls.write_all(bytes)?;
        // It may have taken a part, and there is word of room only if it refuses some.
        if !is_written {
            is_written = match tls.flush() {
                Write::Failed(error) => return Err(error),
                written => written != Write::Full,
            };
        }
        if !is_written {
            self.note_full(&mut io);
        }
        Ok(is_written)
    }
}
