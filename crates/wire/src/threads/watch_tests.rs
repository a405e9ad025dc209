//! A thread that asks peers whether they live.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::line::Line;
use super::pulse::{Pulse, Pulses, Seen, Terms};
use super::ready::Ready;
use super::responder::{Passed, Responder};
use super::socket::Threaded;
use super::worker::Worker;
use crate::read::Read;
use crate::socket::Socket;
use crate::write::Write;

const STEP: Duration = Duration::from_millis(5);
const AN_HOUR: Duration = Duration::from_secs(3600);
/// How often a test looks whether something has happened.
const LOOKS: usize = 2000;
const QUESTION: &[u8] = b"alive?";
const ANSWER: &[u8] = b"yes";

/// Asks each socket at every step, and finds it dead if nothing comes for a time after that.
#[derive(Debug)]
struct Each {
    began: Instant,
    sockets: Vec<One>,
}

#[derive(Debug)]
struct One {
    index: u64,
    due: Duration,
    timeout: Duration,
    heard: u64,
    /// When it was asked, if nothing has come since.
    asked: Option<Duration>,
}

impl Pulses for Each {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn start(&mut self, index: u64, terms: &Terms, seen: Seen, now: Duration) {
        self.stop(index);
        self.sockets.push(One {
            index,
            due: now + terms.interval,
            timeout: terms.timeout,
            heard: seen.heard,
            asked: None,
        });
    }

    fn stop(&mut self, index: u64) {
        self.sockets.retain(|socket| socket.index != index);
    }

    fn next(&self) -> Option<Duration> {
        self.sockets.iter().map(|socket| socket.due).min()
    }

    fn poll(&mut self, now: Duration) -> Option<u64> {
        let socket = self.sockets.iter().find(|socket| socket.due <= now)?;
        Some(socket.index)
    }

    fn look(
        &mut self,
        index: u64,
        seen: Seen,
        has_news: &mut dyn FnMut() -> bool,
        now: Duration,
    ) -> Pulse {
        let mut sockets = self.sockets.iter_mut();
        let Some(socket) = sockets.find(|socket| socket.index == index) else {
            return Pulse::Alive;
        };
        socket.due = now + STEP;
        if seen.is_excused || std::mem::replace(&mut socket.heard, seen.heard) != seen.heard {
            socket.asked = None;
        }
        if seen.is_excused {
            return Pulse::Alive;
        }
        let asked = *socket.asked.get_or_insert(now);
        if now - asked >= socket.timeout && !has_news() {
            return Pulse::Dead;
        }
        Pulse::Ask
    }
}

fn pulses() -> Box<dyn Pulses> {
    Box::new(Each {
        began: Instant::now(),
        sockets: Vec::new(),
    })
}

/// Knows the answer, and answers nothing.
#[derive(Debug)]
struct Knows;

impl Responder for Knows {
    fn can_answer(&self) -> bool {
        false
    }

    fn can_ask(&self) -> bool {
        true
    }

    fn is_answer(&self, bytes: &[u8], question: &[u8]) -> bool {
        question == QUESTION && bytes == ANSWER
    }

    fn read(&mut self, _bytes: &[u8], _answers: &mut Vec<u8>) -> usize {
        0
    }

    fn passes(&self) -> bool {
        false
    }

    fn pass(&mut self, _bytes: &[u8], _answers: &mut Vec<u8>) -> Passed {
        Passed::default()
    }

    fn stop_passing(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn leave(&mut self, _count: usize) {}

    fn written(&mut self, _bytes: &[u8]) {}
}

struct Watched {
    threaded: Threaded,
    peer: UnixStream,
    _socket: UnixStream,
    _worker: Worker,
}

impl Watched {
    fn start(timeout: Duration) -> Self {
        let ready = Arc::new(Ready::new());
        let worker = Worker::start(Arc::clone(&ready)).unwrap();
        let (socket, peer) = UnixStream::pair().unwrap();
        socket.set_nonblocking(true).unwrap();
        let fd = socket.as_raw_fd();
        let line = Arc::new(Line::new(Socket::Plain(fd), 1, true, Some(Box::new(Knows))));
        let desk = Arc::clone(&worker.desk);
        desk.add(Arc::clone(&line));
        let threaded = Threaded::new((fd, false), line, desk, ready);
        let terms = Terms {
            interval: STEP,
            timeout,
            question: QUESTION.to_vec(),
        };
        threaded.watch(terms, pulses);
        Self {
            threaded,
            peer,
            _socket: socket,
            _worker: worker,
        }
    }

    fn hear_question(&mut self) {
        let mut room = [0; QUESTION.len()];
        self.peer.read_exact(&mut room).unwrap();
        assert_eq!(room, QUESTION);
    }

    /// What the owner reads, as soon as there is something.
    fn read(&mut self) -> Read {
        for _ in 0..LOOKS {
            match self.threaded.read(&mut [0; 100]) {
                Read::Empty => std::thread::sleep(STEP),
                other => return other,
            }
        }
        panic!("nothing came");
    }
}

#[test]
fn a_peer_that_is_silent_is_asked_and_cut_off_once() {
    let mut watched = Watched::start(STEP);
    watched.peer.write_all(b"a message").unwrap();
    watched.hear_question();
    let mut rest = Vec::new();
    watched.peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len() % QUESTION.len(), 0);
    assert_eq!(watched.read(), Read::Bytes(9));
    assert_eq!(watched.read(), Read::Dead);
    // What is sent then waits for the owner to hear of it.
    assert_eq!(watched.threaded.write_at_once(&[b"late"]), Write::Full);
    assert!(!watched.threaded.is_watched());
    let left = watched.threaded.leave();
    assert_eq!((left.is_dead, left.was_watched), (true, false));
}

#[test]
fn an_answer_is_counted_and_nothing_for_the_owner() {
    let mut watched = Watched::start(AN_HOUR);
    watched.hear_question();
    watched.peer.write_all(ANSWER).unwrap();
    let (mut unseen, mut asked) = (0, 0);
    for _ in 0..LOOKS {
        let others = watched.threaded.take_others();
        unseen += others.0;
        asked += others.1;
        if unseen > 0 {
            break;
        }
        std::thread::sleep(STEP);
    }
    assert_eq!(unseen, ANSWER.len());
    assert!(asked >= QUESTION.len());
    assert!(!watched.threaded.has_news());
    watched.peer.write_all(b"yes, but").unwrap();
    assert_eq!(watched.read(), Read::Bytes(8));
}

#[test]
fn who_is_not_watched_any_more_is_asked_no_more() {
    let mut watched = Watched::start(AN_HOUR);
    watched.hear_question();
    watched.threaded.unwatch();
    // One may have been under way.
    let (_, asked) = watched.threaded.take_others();
    std::thread::sleep(4 * STEP);
    assert_eq!(watched.threaded.take_others(), (0, 0), "after {asked}");
    let left = watched.threaded.leave();
    assert_eq!((left.is_dead, left.was_watched), (false, false));
}
