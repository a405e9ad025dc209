//! Real threads in traffic, with peers that check each byte: `npm run test:tsan` watches them.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::line::Line;
use super::ready::Ready;
use super::socket::Threaded;
use super::worker::Worker;
use crate::read::Read;
use crate::socket::Socket;
use crate::write::Write;

const SOCKETS: usize = 6;
/// More than pipes and the kernel keep together, so that all have to wait for each other.
const TOTAL: usize = 1_500_000;

/// The byte that stands at `index` in what peer `peer` sends.
#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is meant")]
const fn byte_at(peer: usize, index: usize) -> u8 {
    (index.wrapping_mul(31) ^ (index >> 8) ^ peer.wrapping_mul(7)) as u8
}

/// Sends all bytes in pieces of all sizes, and expects the same back.
fn start_peer(peer: usize, socket: UnixStream) -> [JoinHandle<()>; 2] {
    let mut out = socket.try_clone().unwrap();
    let writer = thread::spawn(move || {
        let bytes: Vec<u8> = (0..TOTAL).map(|index| byte_at(peer, index)).collect();
        let (mut start, mut step) = (0, 1);
        while start < TOTAL {
            let end = TOTAL.min(start + step);
            out.write_all(&bytes[start..end]).unwrap();
            start = end;
            step = step * 5 % 40_009;
        }
        out.shutdown(Shutdown::Write).unwrap();
    });
    let mut socket = socket;
    let reader = thread::spawn(move || {
        let mut room = vec![0; 30_000];
        let mut index = 0;
        loop {
            let len = socket.read(&mut room).unwrap();
            if len == 0 {
                break;
            }
            for &byte in &room[..len] {
                assert_eq!(byte, byte_at(peer, index), "peer {peer}, byte {index}");
                index += 1;
            }
        }
        assert_eq!(index, TOTAL, "peer {peer}");
    });
    [writer, reader]
}

/// What an event loop has of a socket, which sends back all that comes.
struct Echo {
    socket: UnixStream,
    threaded: Option<Threaded>,
    backlog: Vec<u8>,
    turns: usize,
}

struct Owner {
    ready: Arc<Ready>,
    workers: Vec<Worker>,
    /// Every so many turns a socket goes to another thread; 0 is never.
    moves_after: usize,
}

impl Owner {
    fn put_on_thread(&self, id: usize, worker: usize, socket: &UnixStream) -> Threaded {
        let fd = socket.as_raw_fd();
        let line = Arc::new(Line::new(Socket::Plain(fd), id as u64, true, None));
        let desk = Arc::clone(&self.workers[worker % self.workers.len()].desk);
        desk.add(Arc::clone(&line));
        Threaded::new((fd, false), line, desk, Arc::clone(&self.ready))
    }

    /// Returns whether the peer has ended, and got all.
    fn turn(&self, id: usize, echo: &mut Echo) -> bool {
        let Some(threaded) = &mut echo.threaded else {
            return true;
        };
        let mut room = [0; 10_000];
        let has_ended = loop {
            match threaded.read(&mut room) {
                Read::Bytes(len) => echo.backlog.extend_from_slice(&room[..len]),
                Read::Empty => break false,
                Read::End => break true,
                other => panic!("socket {id}: {other:?}"),
            }
        };
        while !echo.backlog.is_empty() {
            match threaded.write(&[&echo.backlog]) {
                Write::Bytes(len) | Write::Handed(len) => drop(echo.backlog.drain(..len)),
                Write::Full => {
                    threaded.want_room(true);
                    break;
                }
                Write::Failed(error) => panic!("socket {id}: {error}"),
            }
        }
        echo.turns += 1;
        if has_ended {
            self.take_away(echo);
            echo.socket.set_nonblocking(false).unwrap();
            echo.socket.write_all(&echo.backlog).unwrap();
            echo.socket.shutdown(Shutdown::Write).unwrap();
        } else if self.moves_after != 0 && echo.turns.is_multiple_of(self.moves_after) {
            self.take_away(echo);
            let threaded = self.put_on_thread(id, id + echo.turns, &echo.socket);
            threaded.want_room(!echo.backlog.is_empty());
            echo.threaded = Some(threaded);
        }
        has_ended
    }

    fn take_away(&self, echo: &mut Echo) {
        let Some(mut threaded) = echo.threaded.take() else {
            return;
        };
        let left = threaded.leave();
        assert_eq!((left.read_error, left.write_error), (None, None));
        let sent_later = std::mem::replace(&mut echo.backlog, left.unwritten);
        echo.backlog.extend(sent_later);
        echo.backlog.extend(left.unread);
    }
}

fn run(threads: usize, moves_after: usize) {
    let ready = Arc::new(Ready::new());
    let workers = (0..threads)
        .map(|_| Worker::start(Arc::clone(&ready)).unwrap())
        .collect();
    let owner = Owner {
        ready,
        workers,
        moves_after,
    };
    let mut peers = Vec::new();
    let mut echoes = Vec::new();
    for id in 0..SOCKETS {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        peers.extend(start_peer(id, theirs));
        let threaded = owner.put_on_thread(id, id, &ours);
        echoes.push(Echo {
            socket: ours,
            threaded: Some(threaded),
            backlog: Vec::new(),
            turns: 0,
        });
    }
    let mut open = SOCKETS;
    let mut due = Vec::new();
    while open > 0 {
        owner.ready.take(&mut due);
        for line in due.drain(..) {
            line.pipe.take_news();
            let id = usize::try_from(line.id).unwrap();
            let was_open = echoes[id].threaded.is_some();
            if owner.turn(id, &mut echoes[id]) && was_open {
                open -= 1;
            }
        }
        // There is no event loop here to be woken.
        thread::yield_now();
    }
    for peer in peers {
        peer.join().unwrap();
    }
}

#[test]
fn each_byte_comes_back_from_one_thread() {
    run(1, 0);
}

#[test]
fn each_byte_comes_back_from_several_threads() {
    run(3, 0);
}

#[test]
fn no_byte_is_lost_where_sockets_change_threads_in_traffic() {
    run(3, 5);
}
