//! What a socket is watched for, by a selector or by its I/O thread.

use std::io;
use std::os::fd::RawFd;

use crate::reactor::{Handler, Reactor};
use crate::stream::Stream;

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

    /// One more socket, or one less, keeps the loop alive.
    fn keep_alive(&self, more: bool);
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

    fn keep_alive(&self, more: bool) {
        self.keep_alive(more);
    }
}

/// What the stream of one socket is watched for. Whoever has the stream passes it on, with the selector, which is `None`
/// where there was no need for one yet.
#[derive(Debug)]
pub struct Watching {
    is_watched: bool,
    /// All was read that will ever come. It may still be written to.
    is_over: bool,
    is_referenced: bool,
    wants_room: bool,
    /// A stream of Node's waits until all is written.
    stream_waits: bool,
}

impl Watching {
    /// Of a socket that is watched already, or is not yet.
    #[must_use]
    pub const fn new(is_watched: bool) -> Self {
        Self {
            is_watched,
            is_over: false,
            is_referenced: true,
            wants_room: false,
            stream_waits: false,
        }
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
        self.wants_room
    }

    /// There is to be word of room to write, or no more, unless somebody else waits for that.
    pub fn want_room(&mut self, selector: Option<&impl Selector>, stream: &Stream, wanted: bool) {
        let wanted = wanted || stream.has_backlog() || self.stream_waits;
        if let Some(thread) = stream.threaded() {
            // A thread tells once.
            if wanted || self.wants_room {
                self.wants_room = wanted;
                thread.want_room(wanted);
            }
        } else if self.wants_room != wanted {
            self.wants_room = wanted;
            if let Some(selector) = selector
                && self.is_watched
            {
                selector.rearm(stream.descriptor(), wanted);
            }
        }
    }

    /// An I/O thread has the stream now, which was told of nobody who waits for room.
    pub fn moved(&mut self, selector: Option<&impl Selector>, stream: &Stream) {
        let waits = std::mem::take(&mut self.wants_room);
        self.want_room(selector, stream, waits);
    }

    /// A stream of Node's waits until all is written; [`flushed`](Self::flushed) says when.
    pub fn wait_for_stream(&mut self, selector: Option<&impl Selector>, stream: &Stream, id: u64) {
        self.stream_waits = true;
        self.watch_again(selector, stream, id);
        self.want_room(selector, stream, true);
    }

    /// What the kernel takes of the records was written, or writing has failed; returns whether a stream of Node's that
    /// waited is to be told. Who has none meets a failure with the next write, and by reading.
    pub fn flushed(
        &mut self,
        selector: Option<&impl Selector>,
        stream: &Stream,
        has_failed: bool,
    ) -> bool {
        if !self.stream_waits {
            return false;
        }
        if !has_failed && stream.has_records() {
            if let Some(thread) = stream.threaded() {
                // A thread tells once.
                thread.want_room(true);
            }
            return false;
        }
        self.stream_waits = false;
        self.want_room(selector, stream, false);
        true
    }

    /// Watches one that is not watched yet; `false`: that cannot be. It is watched through the selector itself if the
    /// I/O threads are about to watch it, or if not all is read that comes.
    pub fn begin(
        &mut self,
        selector: Option<&impl Selector>,
        stream: &Stream,
        (id, by_itself): (u64, bool),
    ) -> bool {
        if let Some(selector) = selector
            && !self.is_watched
        {
            let fd = stream.descriptor();
            let registered = if by_itself {
                selector.register_reader(fd, id)
            } else {
                selector.register(fd, id)
            };
            self.is_watched = registered.is_ok();
            if self.is_watched && self.is_referenced {
                selector.keep_alive(true);
            }
        }
        self.is_watched
    }

    /// No thread has it any more.
    ///
    /// # Errors
    /// It cannot be watched without one.
    pub fn leave_thread(
        &self,
        selector: &impl Selector,
        stream: &Stream,
        id: u64,
    ) -> io::Result<()> {
        if !self.is_watched {
            return Ok(());
        }
        selector.register(stream.descriptor(), id)?;
        if self.wants_room {
            selector.rearm(stream.descriptor(), true);
        }
        Ok(())
    }

    /// Watches one again of which all was read, as it is still written to.
    fn watch_again(&mut self, selector: Option<&impl Selector>, stream: &Stream, id: u64) {
        if let Some(selector) = selector
            && !self.is_watched
            && selector.register(stream.descriptor(), id).is_ok()
        {
            self.is_watched = true;
            if self.wants_room {
                selector.rearm(stream.descriptor(), true);
            }
            if self.is_referenced {
                selector.keep_alive(true);
            }
        }
    }

    /// Whether it keeps the loop alive.
    pub fn set_referenced(&mut self, selector: &impl Selector, is_referenced: bool) {
        if self.is_referenced != is_referenced {
            self.is_referenced = is_referenced;
            if self.is_watched {
                selector.keep_alive(is_referenced);
            }
        }
    }

    /// There is no word of it any more.
    pub fn stop(&mut self, selector: &impl Selector, stream: &Stream) {
        if self.is_watched {
            self.is_watched = false;
            // Of one that was a thread's the selector knows nothing.
            selector.deregister(stream.descriptor());
            if self.is_referenced {
                selector.keep_alive(false);
            }
        }
    }

    /// Nothing more is read, as there is no more. What the kernel takes is still written. Returns `false` if that was
    /// known: it is watched only for a stream of Node's, which waits for room.
    pub fn end(&mut self, selector: Option<&impl Selector>, stream: &Stream, id: u64) -> bool {
        if self.is_over && self.stream_waits {
            return false;
        }
        if let Some(selector) = selector {
            self.stop(selector, stream);
        }
        self.is_over = true;
        if self.stream_waits {
            self.watch_again(selector, stream, id);
        }
        true
    }

    /// Nobody wants what there is to read, as long as it is not asked for again.
    pub fn leave_unread(&self, selector: &impl Selector, stream: &mut Stream) {
        stream.leave_unread();
        if self.is_watched {
            selector.leave_unread(stream.descriptor());
        }
    }

    /// There is to be word again, as not all was read.
    pub fn rearm(&self, selector: &impl Selector, stream: &Stream, id: u64) {
        if !self.is_watched {
            return;
        }
        match stream.threaded() {
            Some(thread) => thread.rearm(self.wants_room),
            None => selector.rearm(stream.descriptor(), self.wants_room),
        }
        if stream.has_more() {
            // Without memory for that it is told when more comes.
            let _ = selector.tell_again(id);
        }
    }

    /// Somebody reads from now on: there is to be word of what has come meanwhile.
    pub fn read_on(&self, selector: &impl Selector, stream: &Stream, id: u64) {
        if stream.may_have_more() {
            self.rearm(selector, stream, id);
        } else if stream.has_more() {
            // As above.
            let _ = selector.tell_again(id);
        }
    }
}

#[cfg(test)]
mod tests;
