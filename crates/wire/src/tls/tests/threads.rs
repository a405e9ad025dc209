//! Sessions on I/O threads.

use super::*;
use crate::socket::Socket;
use crate::stream::Stream;
use crate::threads::TestThread;

const TOTAL: usize = 3_000_000;

/// Has a stream send back what comes, which goes to a thread and back every so many turns if that is not
/// 0, and the client check it.
fn echo(moves_after: usize) {
    let thread = TestThread::start();
    let (tls, mut client, _near) = pair(&context(), plain_client);
    let mut stream = Stream::Own(Socket::Tls(Box::new(tls)));
    assert!(stream.move_to_thread(|socket| Ok(thread.take(socket))));
    let sent = bytes_of(TOTAL);
    let (mut given, mut step, mut turns) = (0, 1, 0);
    let mut backlog: Vec<u8> = Vec::new();
    while client.received.len() < TOTAL {
        if given < TOTAL && given - client.received.len() < 600_000 {
            let end = TOTAL.min(given + step);
            client.send(&sent[given..end]);
            given = end;
            step = step * 5 % 40_009;
        }
        client.turn();
        thread.clear();
        let mut room = [0; 10_000];
        while let Read::Bytes(len) = stream.read(&mut room) {
            backlog.extend_from_slice(&room[..len]);
        }
        while !backlog.is_empty() {
            let written = if turns % 3 == 0 {
                stream.write_at_once(&[&backlog])
            } else {
                stream.write(&[&backlog])
            };
            match written {
                Write::Bytes(len) | Write::Handed(len) => drop(backlog.drain(..len)),
                Write::Full => break,
                Write::Failed(error) => panic!("{error}"),
            }
        }
        turns += 1;
        if moves_after != 0 && turns % moves_after == 0 {
            match stream.leave_thread() {
                Some(left) => {
                    assert_eq!((left.read_error, left.write_error), (None, None));
                    assert!(left.unread.is_empty(), "it is back in the session");
                    let later = std::mem::replace(&mut backlog, left.unwritten);
                    backlog.extend(later);
                }
                None => assert!(stream.move_to_thread(|socket| Ok(thread.take(socket)))),
            }
        }
        std::thread::yield_now();
    }
    assert!(client.received == sent);
}

#[test]
fn each_byte_comes_back_from_a_thread() {
    echo(0);
}

#[test]
fn no_byte_is_lost_where_a_session_goes_to_a_thread_and_back() {
    echo(3);
}

#[test]
fn a_session_ends_on_a_thread_as_it_does_elsewhere() {
    let thread = TestThread::start();
    let (tls, mut client, near) = pair(&context(), plain_client);
    let mut stream = Stream::Own(Socket::Tls(Box::new(tls)));
    assert!(stream.move_to_thread(|socket| Ok(thread.take(socket))));
    client.send(b"last");
    client.connection.send_close_notify();
    client.turn();
    let mut got = Vec::new();
    loop {
        let mut room = [0; 10];
        match stream.read(&mut room) {
            Read::Bytes(len) => got.extend_from_slice(&room[..len]),
            Read::Empty => std::thread::yield_now(),
            other => break assert_eq!(other, Read::End),
        }
    }
    assert_eq!(got, b"last");
    stream.shut_down();
    let mut room = [0; 100];
    // Its own word is behind it, and then the end.
    while client.connection.read_tls(&mut client.socket).is_err() {
        std::thread::yield_now();
    }
    let state = client.connection.process_new_packets().expect("records");
    assert!(state.peer_has_closed());
    let _ = near;
    client.socket.set_nonblocking(false).expect("a socket");
    assert_eq!(client.socket.read(&mut room).ok(), Some(0));
}

#[test]
fn a_session_of_a_thread_that_has_panicked_reads_and_sends_nothing() {
    let thread = TestThread::start();
    let (tls, mut client, _near) = pair(&context(), plain_client);
    let mut stream = Stream::Own(Socket::Tls(Box::new(tls)));
    assert!(stream.move_to_thread(|socket| Ok(thread.take(socket))));
    stream.threaded().expect("a thread").panic();
    let mut room = [0; 10];
    while stream.read(&mut room) == Read::Empty {
        std::thread::yield_now();
    }
    assert_eq!(stream.read(&mut room), Read::Broken);
    stream.leave_thread().expect("what is left");
    client.send(b"too late");
    assert!(matches!(stream.read(&mut room), Read::Failed(_)));
    assert!(matches!(stream.write(&[b"too late"]), Write::Failed(_)));
    client.turn();
    assert!(client.received.is_empty());
}
