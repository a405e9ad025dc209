use std::cell::{Cell, RefCell};

use super::*;
use crate::socket::Socket;

const FD: RawFd = 5;
const ID: u64 = 7;

/// Notes what it is asked for.
#[derive(Debug, Default)]
struct Notes {
    asked: RefCell<Vec<String>>,
    is_full: Cell<bool>,
}

impl Notes {
    fn note(&self, what: String) {
        self.asked.borrow_mut().push(what);
    }

    fn note_if_room(&self, what: String) -> io::Result<()> {
        self.note(what);
        if self.is_full.get() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// What it was asked for since the last call.
    fn take(&self) -> Vec<String> {
        self.asked.take()
    }
}

impl Selector for Notes {
    fn register(&self, fd: RawFd, id: u64) -> io::Result<()> {
        self.note_if_room(format!("register {fd} {id}"))
    }

    fn register_reader(&self, fd: RawFd, id: u64) -> io::Result<()> {
        self.note_if_room(format!("register reader {fd} {id}"))
    }

    fn rearm(&self, fd: RawFd, writable: bool) {
        self.note(format!("rearm {fd} {writable}"));
    }

    fn tell_again(&self, id: u64) -> io::Result<()> {
        self.note_if_room(format!("tell again {id}"))
    }

    fn leave_unread(&self, fd: RawFd) {
        self.note(format!("leave unread {fd}"));
    }

    fn deregister(&self, fd: RawFd) {
        self.note(format!("deregister {fd}"));
    }

    fn reference(&self) {
        self.note("reference".to_owned());
    }

    fn unreference(&self) {
        self.note("unreference".to_owned());
    }
}

/// A plain socket on this thread, which nothing is done with.
const fn stream() -> Stream {
    Stream::Own(Socket::Plain(FD))
}

const fn watched() -> Watched {
    Watched::new(stream())
}

const fn not_yet() -> Watched {
    Watched::not_yet(stream())
}

#[test]
fn room_is_asked_for_once_and_no_more_when_nobody_wants_it() {
    let (notes, mut socket) = (Notes::default(), watched());
    for wanted in [true, true, false, false] {
        socket.want_room(Some(&notes), wanted);
        assert_eq!(socket.wants_room(), wanted);
    }
    assert_eq!(notes.take(), ["rearm 5 true", "rearm 5 false"]);
}

#[test]
fn room_that_was_wanted_before_a_socket_is_watched_is_asked_for_when_it_is() {
    let (notes, mut socket) = (Notes::default(), not_yet());
    socket.want_room(Some(&notes), true);
    assert!(notes.take().is_empty());
    socket.wait_for_stream(Some(&notes), ID);
    assert_eq!(notes.take(), ["register 5 7", "rearm 5 true", "reference"]);
}

#[test]
fn room_is_wanted_as_long_as_a_stream_waits() {
    let (notes, mut socket) = (Notes::default(), watched());
    socket.wait_for_stream(Some(&notes), ID);
    socket.want_room(Some(&notes), false);
    assert!(socket.wants_room());
    assert!(socket.flushed(Some(&notes), None));
    assert!(!socket.wants_room());
    assert_eq!(notes.take(), ["rearm 5 true", "rearm 5 false"]);
}

#[test]
fn nobody_is_told_of_what_was_flushed_but_a_stream_that_waits_once() {
    let (notes, mut socket) = (Notes::default(), watched());
    assert!(!socket.flushed(Some(&notes), Some(5)));
    socket.wait_for_stream(Some(&notes), ID);
    assert!(socket.flushed(Some(&notes), Some(5)));
    assert!(!socket.flushed(Some(&notes), Some(5)));
}

#[test]
fn a_socket_begins_to_be_watched_once() {
    let (notes, mut socket) = (Notes::default(), not_yet());
    assert!(!socket.begin(None::<&Notes>, ID, Begin::Reader));
    for _ in 0..2 {
        assert!(socket.begin(Some(&notes), ID, Begin::Reader));
    }
    assert_eq!(notes.take(), ["register reader 5 7", "reference"]);
    let mut socket = not_yet();
    assert!(socket.begin(Some(&notes), ID, Begin::Other));
    assert_eq!(notes.take(), ["register 5 7", "reference"]);
}

#[test]
fn a_socket_that_cannot_be_watched_keeps_nothing_alive() {
    let (notes, mut socket) = (Notes::default(), not_yet());
    notes.is_full.set(true);
    assert!(!socket.begin(Some(&notes), ID, Begin::Reader));
    socket.wait_for_stream(Some(&notes), ID);
    socket.stop(&notes);
    assert_eq!(notes.take(), ["register reader 5 7", "register 5 7"]);
}

#[test]
fn one_that_is_not_referenced_keeps_nothing_alive() {
    let (notes, mut socket) = (Notes::default(), not_yet());
    socket.set_referenced(&notes, false);
    assert!(socket.begin(Some(&notes), ID, Begin::Other));
    socket.set_referenced(&notes, true);
    socket.set_referenced(&notes, true);
    socket.set_referenced(&notes, false);
    socket.stop(&notes);
    assert_eq!(
        notes.take(),
        ["register 5 7", "reference", "unreference", "deregister 5"]
    );
}

#[test]
fn one_is_stopped_once() {
    let (notes, mut socket) = (Notes::default(), watched());
    for _ in 0..2 {
        socket.stop(&notes);
        assert!(!socket.is_watched());
        assert!(!socket.takes_writes());
    }
    assert_eq!(notes.take(), ["deregister 5", "unreference"]);
}

#[test]
fn one_that_has_come_to_its_end_is_still_written_to() {
    let (notes, mut socket) = (Notes::default(), watched());
    assert!(socket.end(Some(&notes), ID));
    assert!(!socket.is_watched());
    assert!(socket.takes_writes());
    // It may be read once more, and the end be met again.
    assert!(socket.end(Some(&notes), ID));
    assert_eq!(notes.take(), ["deregister 5", "unreference"]);
}

#[test]
fn behind_its_end_one_is_watched_for_a_stream_that_waits_and_the_end_is_no_news() {
    let (notes, mut socket) = (Notes::default(), watched());
    socket.wait_for_stream(Some(&notes), ID);
    notes.take();
    assert!(socket.end(Some(&notes), ID));
    assert_eq!(
        notes.take(),
        [
            "deregister 5",
            "unreference",
            "register 5 7",
            "rearm 5 true",
            "reference"
        ]
    );
    assert!(!socket.end(Some(&notes), ID));
    assert!(notes.take().is_empty());
}

#[test]
fn one_without_a_thread_is_watched_as_before() {
    let (notes, mut socket) = (Notes::default(), watched());
    socket.want_room(Some(&notes), true);
    notes.take();
    socket.watch_here(&notes, ID).unwrap();
    assert_eq!(notes.take(), ["register 5 7", "rearm 5 true"]);
    notes.is_full.set(true);
    assert!(socket.watch_here(&notes, ID).is_err());
    socket.stop(&notes);
    assert!(socket.watch_here(&notes, ID).is_ok());
}

#[test]
fn of_what_was_left_unread_there_is_word_when_it_is_read_on() {
    let (notes, mut socket) = (Notes::default(), watched());
    socket.leave_unread(&notes);
    socket.read_on(&notes, ID);
    assert_eq!(notes.take(), ["leave unread 5", "rearm 5 false"]);
    socket.stop(&notes);
    notes.take();
    socket.leave_unread(&notes);
    socket.read_on(&notes, ID);
    assert!(notes.take().is_empty());
}
