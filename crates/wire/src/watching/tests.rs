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

    fn keep_alive(&self, more: bool) {
        self.note(format!("keep alive {more}"));
    }
}

/// A plain socket on this thread, which nothing is done with.
fn stream() -> Stream {
    Stream::Own(Socket::Plain(FD))
}

#[test]
fn room_is_asked_for_once_and_no_more_when_nobody_wants_it() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    for wanted in [true, true, false, false] {
        watching.want_room(Some(&notes), &stream(), wanted);
        assert_eq!(watching.wants_room(), wanted);
    }
    assert_eq!(notes.take(), ["rearm 5 true", "rearm 5 false"]);
}

#[test]
fn room_that_was_wanted_before_a_socket_is_watched_is_asked_for_when_it_is() {
    let (notes, mut watching) = (Notes::default(), Watching::new(false));
    watching.want_room(Some(&notes), &stream(), true);
    assert!(notes.take().is_empty());
    watching.wait_for_stream(Some(&notes), &stream(), ID);
    assert_eq!(
        notes.take(),
        ["register 5 7", "rearm 5 true", "keep alive true"]
    );
}

#[test]
fn room_is_wanted_as_long_as_a_stream_waits() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    watching.wait_for_stream(Some(&notes), &stream(), ID);
    watching.want_room(Some(&notes), &stream(), false);
    assert!(watching.wants_room());
    assert!(watching.flushed(Some(&notes), &stream(), false));
    assert!(!watching.wants_room());
    assert_eq!(notes.take(), ["rearm 5 true", "rearm 5 false"]);
}

#[test]
fn nobody_is_told_of_what_was_flushed_but_a_stream_that_waits_once() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    assert!(!watching.flushed(Some(&notes), &stream(), true));
    watching.wait_for_stream(Some(&notes), &stream(), ID);
    assert!(watching.flushed(Some(&notes), &stream(), true));
    assert!(!watching.flushed(Some(&notes), &stream(), true));
}

#[test]
fn a_socket_begins_to_be_watched_once() {
    let (notes, mut watching) = (Notes::default(), Watching::new(false));
    assert!(!watching.begin(None::<&Notes>, &stream(), (ID, true)));
    for _ in 0..2 {
        assert!(watching.begin(Some(&notes), &stream(), (ID, true)));
    }
    assert_eq!(notes.take(), ["register reader 5 7", "keep alive true"]);
    let mut watching = Watching::new(false);
    assert!(watching.begin(Some(&notes), &stream(), (ID, false)));
    assert_eq!(notes.take(), ["register 5 7", "keep alive true"]);
}

#[test]
fn a_socket_that_cannot_be_watched_keeps_nothing_alive() {
    let (notes, mut watching) = (Notes::default(), Watching::new(false));
    notes.is_full.set(true);
    assert!(!watching.begin(Some(&notes), &stream(), (ID, true)));
    watching.wait_for_stream(Some(&notes), &stream(), ID);
    watching.stop(&notes, &stream());
    assert_eq!(notes.take(), ["register reader 5 7", "register 5 7"]);
}

#[test]
fn one_that_is_not_referenced_keeps_nothing_alive() {
    let (notes, mut watching) = (Notes::default(), Watching::new(false));
    watching.set_referenced(&notes, false);
    assert!(watching.begin(Some(&notes), &stream(), (ID, false)));
    watching.set_referenced(&notes, true);
    watching.set_referenced(&notes, true);
    watching.set_referenced(&notes, false);
    watching.stop(&notes, &stream());
    assert_eq!(
        notes.take(),
        [
            "register 5 7",
            "keep alive true",
            "keep alive false",
            "deregister 5"
        ]
    );
}

#[test]
fn one_is_stopped_once() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    for _ in 0..2 {
        watching.stop(&notes, &stream());
        assert!(!watching.is_watched());
        assert!(!watching.takes_writes());
    }
    assert_eq!(notes.take(), ["deregister 5", "keep alive false"]);
}

#[test]
fn one_that_has_come_to_its_end_is_still_written_to() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    assert!(watching.end(Some(&notes), &stream(), ID));
    assert!(!watching.is_watched());
    assert!(watching.takes_writes());
    // It may be read once more, and the end be met again.
    assert!(watching.end(Some(&notes), &stream(), ID));
    assert_eq!(notes.take(), ["deregister 5", "keep alive false"]);
}

#[test]
fn behind_its_end_one_is_watched_for_a_stream_that_waits_and_the_end_is_no_news() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    watching.wait_for_stream(Some(&notes), &stream(), ID);
    notes.take();
    assert!(watching.end(Some(&notes), &stream(), ID));
    assert_eq!(
        notes.take(),
        [
            "deregister 5",
            "keep alive false",
            "register 5 7",
            "rearm 5 true",
            "keep alive true"
        ]
    );
    assert!(!watching.end(Some(&notes), &stream(), ID));
    assert!(notes.take().is_empty());
}

#[test]
fn one_without_a_thread_is_watched_as_before() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    watching.want_room(Some(&notes), &stream(), true);
    notes.take();
    watching.leave_thread(&notes, &stream(), ID).unwrap();
    assert_eq!(notes.take(), ["register 5 7", "rearm 5 true"]);
    notes.is_full.set(true);
    assert!(watching.leave_thread(&notes, &stream(), ID).is_err());
    watching.stop(&notes, &stream());
    assert!(watching.leave_thread(&notes, &stream(), ID).is_ok());
}

#[test]
fn of_what_was_left_unread_there_is_word_when_it_is_read_on() {
    let (notes, mut watching) = (Notes::default(), Watching::new(true));
    watching.leave_unread(&notes, &mut stream());
    watching.read_on(&notes, &stream(), ID);
    assert_eq!(notes.take(), ["leave unread 5", "rearm 5 false"]);
    watching.stop(&notes, &stream());
    notes.take();
    watching.leave_unread(&notes, &mut stream());
    watching.read_on(&notes, &stream(), ID);
    assert!(notes.take().is_empty());
}
