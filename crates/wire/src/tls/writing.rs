//! Plaintext becomes records, and these get to the kernel.

use rustix::io::Errno;

use super::Tls;
use super::scratch::{MAX_SEALED, SCRATCH, Scratch};
use super::session::{MAX_RECORD, Session};
use super::slices::Slices;
use crate::descriptor::borrow;
use crate::write::{Write, shut_down_writing, write_some};

impl Tls {
    /// Writes what is taken now of `slices`. Bytes count as written when the kernel has all of the
    /// records that they are in.
    pub(crate) fn write(&mut self, slices: &[&[u8]]) -> Write {
        // What ends the handshake goes out with the first record.
        let joins = self.committed == 0
            && !self.shut_down_later
            && self.session.as_ref().is_some_and(Session::has_little);
        if !joins {
            match self.flush() {
                Write::Bytes(_) => {}
                other => return other,
            }
        }
        if self.committed > 0 {
            return Write::Bytes(std::mem::take(&mut self.committed));
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let Scratch { sealed, joined, .. } = scratch;
            let Some(session) = &mut self.session else {
                return Write::Full;
            };
            let mut before = session.outgoing.take(sealed);
            let mut rest = Slices::new(slices);
            let mut taken = 0;
            // A part of what was given means that the kernel takes no more, as with any socket.
            loop {
                let (mut records, mut plaintext) = (std::mem::take(&mut before), 0);
                while plaintext < MAX_SEALED {
                    let record = rest.next_record(joined);
                    if record.is_empty() {
                        break;
                    }
                    let Some(len) = session.seal(record, &mut sealed[records..]) else {
                        return Write::Failed(Errno::PIPE.raw_os_error());
                    };
                    records += len;
                    plaintext += record.len();
                }
                if records == 0 {
                    return Write::Bytes(taken);
                }
                let sealed = &sealed[..records];
                let written = match write_some(borrow(self.fd), &[sealed]) {
                    Write::Bytes(len) | Write::Handed(len) => len,
                    Write::Full => 0,
                    Write::Failed(error) => return Write::Failed(error),
                };
                if written < records {
                    session.outgoing.push(&sealed[written..]);
                    self.committed = plaintext;
                    return if taken == 0 {
                        Write::Full
                    } else {
                        Write::Bytes(taken)
                    };
                }
                taken += plaintext;
            }
        })
    }

    /// As `write`, of all bytes: what the kernel does not take is kept. Returns whether
    /// it has taken all.
    ///
    /// # Errors
    /// A system error number.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<bool, i32> {
        while !bytes.is_empty() {
            match self.write(&[bytes]) {
                Write::Bytes(len) | Write::Handed(len) => bytes = &bytes[len..],
                Write::Failed(error) => return Err(error),
                Write::Full => {
                    bytes = &bytes[std::mem::take(&mut self.committed)..];
                    self.keep(bytes).ok_or(Errno::PIPE.raw_os_error())?;
                    break;
                }
            }
        }
        Ok(!self.has_backlog())
    }

    /// Encrypts bytes to be written later.
    fn keep(&mut self, bytes: &[u8]) -> Option<()> {
        let session = self.session.as_mut()?;
        SCRATCH.with_borrow_mut(|scratch| {
            for record in bytes.chunks(MAX_RECORD) {
                let len = session.seal(record, &mut scratch.sealed)?;
                session.outgoing.push(&scratch.sealed[..len]);
            }
            Some(())
        })
    }

    /// Whether records wait for the kernel to take them.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog_len() > 0
    }

    /// How many bytes of such records there are.
    pub(crate) fn backlog_len(&self) -> usize {
        self.session
            .as_ref()
            .map_or(0, |session| session.outgoing.len())
    }

    /// Whether no plaintext was encrypted and not reported as written, and no end was said.
    pub(crate) const fn takes_answers(&self) -> bool {
        self.committed == 0 && !self.is_shut_down
    }

    /// How much plaintext was encrypted and not reported as written.
    pub(crate) const fn committed(&self) -> usize {
        self.committed
    }

    /// Plaintext that was encrypted and not reported as written, which now counts as written.
    pub(crate) const fn take_committed(&mut self) -> usize {
        std::mem::replace(&mut self.committed, 0)
    }

    /// Has the kernel take records that wait: `Bytes(0)` if it took all.
    pub fn flush(&mut self) -> Write {
        let Some(session) = &mut self.session else {
            return Write::Bytes(0);
        };
        while !session.outgoing.is_empty() {
            match write_some(borrow(self.fd), &[session.outgoing.as_slice()]) {
                Write::Bytes(len) => session.outgoing.advance(len),
                other => return other,
            }
        }
        if std::mem::take(&mut self.shut_down_later) {
            shut_down_writing(borrow(self.fd));
        }
        Write::Bytes(0)
    }

    /// Says that nothing more will be written (RFC 8446, section 6.1), behind all that was.
    pub fn shut_down(&mut self) {
        if let Some(session) = &mut self.session
            && !std::mem::replace(&mut self.is_shut_down, true)
        {
            session.close();
            self.shut_down_later = true;
            self.flush();
        }
    }
}
