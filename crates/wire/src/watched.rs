//! A socket's stream, and what it is watched for: by a selector or by its I/O thread.

use std::io;
use std::num::NonZeroI32;
use std::os::fd::RawFd;

use crate::reactor::{Handler, Reactor};
use crate::socket::Socket;
use crate::stream::Stream;
use crate::threads::Threaded;

/// What watches descriptors, and keeps an event loop alive.
pub trait Selector {
    /// Watches one more descriptor, of the connection `id`.
    ///
    /// # Errors
    /// It cannot be watched, or is already.
    fn register(&self, fd: RawFd, id: u64) -> io::Result<()>;

    /// As [`register`](Self::register), for a socket whose bytes are read whenever some come.
    ///
    /// # Errors
    /// As there.
    fn register_reader(&self, fd: RawFd, id: u64) -> io::Result<()>;

    /// Tells of a descriptor again if there is something to read or, if `writable`, as soon as there is room to write.
    fn rearm(&self, fd: RawFd, writable: bool);

    /// Has a connection told of as having something to read, whatever the kernel knows of it.
    ///
    /// # Errors
    /// The system has no room for what that takes.
    fn tell_again(&self, id: u64) -> io::Result<()>;

    /// What there is to read of a descriptor is told of only when more comes, or with [`rearm`](Self::rearm).
    fn leave_unread(&self, fd: RawFd);

    /// Watches a descriptor no more.
    fn deregister(&self, fd: RawFd);

    /// One more socket keeps the loop alive.
    fn reference(&self);

    /// One socket less keeps the loop alive.
    fn unreference(&self);
}

impl<H: Handler> Selector for Reactor<H> {
    fn register(&self, fd: RawFd, id: u64) -> io::Result<()> {
        self.register(fd, id)
    }

    fn register_reader(&self, fd: RawFd, id: u64) -> io::Result<()> {
        self.register_reader(fd, id)
    }

    fn rearm(&self, fd: RawFd, writable: bool) {
        self.rearm(fd, writable);
    }

    fn tell_again(&self, id: u64) -> io::Result<()> {
        self.tell_again(id)
    }

    fn leave_unread(&self, fd: RawFd) {
        self.leave_unread(fd);
    }

    fn deregister(&self, fd: RawFd) {
        self.deregister(fd);
    }

    fn reference(&self) {
        self.reference();
    }

    fn unreference(&self) {
        self.unreference();
    }
}

/// How a socket is watched from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Whenever something comes it is read: see [`Selector::register_reader`].
    Reader,
    /// Not all that comes is read, or the I/O threads are about to watch it: see [`Selector::register`].
    Other,
}

/// Who waits for room to write.
#[derive(Debug, Clone, Copy)]
enum Waiting {
    Nobody,
    Writer,
    /// A stream of Node's, until all is written. The writer may wait as well.
    Stream,
}

/// The stream of one socket, and what it is watched for. Whoever has it passes on the selector, which is `None` where
/// there was no need for one yet, and the number by which the connection is known there.
#[derive(Debug)]
pub struct Watched {
    stream: Stream,
    is_watched: bool,
    /// All was read that will ever come. It may still be written to.
    is_over: bool,
    is_referenced: bool,
    waiting: Waiting,
    /// Why nothing more can be written for a stream of Node's; a system error number.
    stream_error: Option<NonZeroI32>,
}

impl Watched {
    /// A socket that the selector, or an I/O thread, watches already.
    #[must_use]
    pub const fn new(stream: Stream) -> Self {
        let mut watched = Self::not_yet(stream);
        watched.is_watched = true;
        watched
    }

    /// A socket that nobody watches before [`begin`](Self::begin) is called.
    #[must_use]
    pub const fn not_yet(stream: Stream) -> Self {
        Self {
            stream,
            is_watched: false,
            is_over: false,
            is_referenced: true,
            waiting: Waiting::Nobody,
            stream_error: None,
        }
    }

    /// What its bytes go through.
    #[must_use]
    pub const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// As [`stream`](Self::stream), to read and write.
    pub const fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether there will be word of it.
    #[must_use]
    pub const fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Whether all was read that will ever come.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether it may be written to: it is watched, or was to its end.
    #[must_use]
    pub const fn takes_writes(&self) -> bool {
        self.is_watched || self.is_over
    }

    /// Whether there is to be word of room to write.
    #[must_use]
    pub const fn wants_room(&self) -> bool {
        !matches!(self.waiting, Waiting::Nobody)
    }

    const fn stream_waits(&self) -> bool {
        matches!(self.waiting, Waiting::Stream)
    }

    /// There is to be word of room to write, or no more, unless somebody else waits for that.
    pub fn want_room(&mut self, selector: Option<&impl Selector>, wanted: bool) {
        let did = self.wants_room();
        if !self.stream_waits() {
            self.waiting = if wanted || self.stream.has_backlog() {
                Waiting::Writer
            } else {
                Waiting::Nobody
            };
        }
        let does = self.wants_room();
        if let Some(thread) = self.stream.threaded() {
            // A thread tells once, so it is asked again.
            if does || did {
                thread.want_room(does);
            }
        } else if let Some(selector) = selector
            && self.is_watched
            && does != did
        {
            selector.rearm(self.stream.descriptor(), does);
        }
    }

    /// Gives the stream to an I/O thread by `give`, as [`Stream::move_to_thread`]; returns whether one has it.
    pub fn move_to_thread(
        &mut self,
        give: impl FnOnce(Socket) -> Result<Threaded, Socket>,
    ) -> bool {
        let moved = self.stream.move_to_thread(give);
        if self.wants_room()
            && let Some(thread) = self.stream.threaded()
        {
            // It was told of nobody who waits.
            thread.want_room(true);
        }
        moved
    }

    /// Writes all that a stream of Node's gives over TLS. `false`: some of it waits for the kernel, and
    /// [`flushed`](Self::flushed) says when that has it.
    ///
    /// # Errors
    /// A system error number.
    pub fn write_for_stream(
        &mut self,
        selector: Option<&impl Selector>,
        id: u64,
        bytes: &[u8],
    ) -> Result<bool, i32> {
        if let Some(error) = self.stream_error {
            return Err(error.get());
        }
        let is_written = self.stream.write_tls(bytes)?;
        if !is_written {
            self.wait_for_stream(selector, id);
        }
        Ok(is_written)
    }

    fn wait_for_stream(&mut self, selector: Option<&impl Selector>, id: u64) {
        self.watch_again(selector, id);
        self.want_room(selector, true);
        self.waiting = Waiting::Stream;
    }

    /// What the kernel takes of the records was written, or that has failed with a system error number; returns whether
    /// a stream of Node's that waited is to be told. Who has none meets a failure with the next write, and by reading.
    pub fn flushed(&mut self, selector: Option<&impl Selector>, error: Option<i32>) -> bool {
        if !self.stream_waits() {
            return false;
        }
        if error.is_none() && self.stream.has_records() {
            if let Some(thread) = self.stream.threaded() {
                // As in `want_room`.
                thread.want_room(true);
            }
            return false;
        }
        self.waiting = Waiting::Writer;
        self.want_room(selector, false);
        self.stream_error = error.and_then(NonZeroI32::new);
        true
    }

    /// Watches one that is not watched yet; `false`: that cannot be.
    pub fn begin(&mut self, selector: Option<&impl Selector>, id: u64, how: Begin) -> bool {
        if let Some(selector) = selector
            && !self.is_watched
        {
            let fd = self.stream.descriptor();
            let registered = match how {
                Begin::Reader => selector.register_reader(fd, id),
                Begin::Other => selector.register(fd, id),
            };
            self.is_watched = registered.is_ok();
            if self.is_watched && self.is_referenced {
                selector.reference();
            }
        }
        self.is_watched
    }

    /// Watches one here that an I/O thread had, if somebody is to have word of it.
    ///
    /// # Errors
    /// The selector has no room for it.
    pub fn watch_here(&self, selector: &impl Selector, id: u64) -> io::Result<()> {
        if !self.is_watched {
            return Ok(());
        }
        selector.register(self.stream.descriptor(), id)?;
        if self.wants_room() {
            selector.rearm(self.stream.descriptor(), true);
        }
        Ok(())
    }

    /// Watches one again of which all was read, as it is still written to.
    fn watch_again(&mut self, selector: Option<&impl Selector>, id: u64) {
        if let Some(selector) = selector
            && !self.is_watched
            && selector.register(self.stream.descriptor(), id).is_ok()
        {
            self.is_watched = true;
            if self.wants_room() {
                selector.rearm(self.stream.descriptor(), true);
            }
            if self.is_referenced {
                selector.reference();
            }
        }
    }

    /// Whether it keeps the loop alive.
    pub fn set_referenced(&mut self, selector: &impl Selector, is_referenced: bool) {
        if self.is_referenced != is_referenced {
            self.is_referenced = is_referenced;
            match is_referenced {
                _ if !self.is_watched => {}
                true => selector.reference(),
                false => selector.unreference(),
            }
        }
    }

    /// There is no word of it any more.
    pub fn stop(&mut self, selector: &impl Selector) {
        if self.is_watched {
            self.is_watched = false;
            // Of one that was a thread's the selector knows nothing.
            selector.deregister(self.stream.descriptor());
            if self.is_referenced {
                selector.unreference();
            }
        }
    }

    /// Nothing more is read, as there is no more. What the kernel takes is still written. Returns `false` if that was
    /// known: it is watched only for a stream of Node's, which waits for room.
    pub fn end(&mut self, selector: Option<&impl Selector>, id: u64) -> bool {
        if self.is_over && self.stream_waits() {
            return false;
        }
        if let Some(selector) = selector {
            self.stop(selector);
        }
        self.is_over = true;
        if self.stream_waits() {
            self.watch_again(selector, id);
        }
        true
    }

    /// Nobody wants what there is to read, as long as it is not asked for again.
    pub fn leave_unread(&mut self, selector: &impl Selector) {
        self.stream.leave_unread();
        if self.is_watched {
            selector.leave_unread(self.stream.descriptor());
        }
    }

    /// There is to be word again, as not all was read.
    pub fn rearm(&self, selector: &impl Selector, id: u64) {
        if !self.is_watched {
            return;
        }
        match self.stream.threaded() {
            Some(thread) => thread.rearm(self.wants_room()),
            None => selector.rearm(self.stream.descriptor(), self.wants_room()),
        }
        if self.stream.has_more() {
            // Without memory for that it is told when more comes.
            let _ = selector.tell_again(id);
        }
    }

    /// Somebody reads from now on: there is to be word of what has come meanwhile.
    pub fn read_on(&self, selector: &impl Selector, id: u64) {
        if self.stream.may_have_more() {
            self.rearm(selector, id);
        } else if self.stream.has_more() {
            // As above.
            let _ = selector.tell_again(id);
        }
    }
}

#[cfg(test)]
mod tests;
