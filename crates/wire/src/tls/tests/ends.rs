//! How connections end.

use super::*;
use crate::read::RESET;
use crate::socket::Socket;
use crate::stream::Stream;

#[test]
fn the_end_comes_behind_the_last_bytes() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    client
        .connection
        .writer()
        .write_all(b"last")
        .expect("room for it");
    client.connection.send_close_notify();
    client.turn();
    let mut room = [0; 100];
    assert_eq!(tls.read(&mut room), Read::Bytes(4));
    assert!(tls.has_more());
    assert_eq!(tls.read(&mut room), Read::End);
    assert_eq!(tls.error(), None);
    assert_eq!(tls.write(&[b"an answer"]), Write::Bytes(9));
}

#[test]
fn an_end_without_a_word_is_an_end() {
    let (mut tls, client, _near) = pair(&context(), plain_client);
    drop(client);
    assert_eq!(tls.read(&mut [0; 100]), Read::End);
    assert_eq!((tls.error(), tls.system_error()), (None, None));
}

/// The selector tells of the bytes and of the end at once, and never again.
#[test]
fn an_end_in_the_middle_of_a_record_is_met_although_nothing_can_be_read() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    client
        .connection
        .writer()
        .write_all(b"never")
        .expect("room");
    let mut record = Vec::new();
    client.connection.write_tls(&mut record).expect("a record");
    client.socket.write_all(&record[..7]).expect("room");
    drop(client);
    tls.read_until_empty();
    assert_eq!(tls.read(&mut [0; 64]), Read::End);
    assert!(tls.is_behind_part());
    let stream = Stream::Own(Socket::Tls(Box::new(tls)));
    let reset = Read::Failed(RESET);
    assert_eq!(stream.as_end(reset, false, true), Read::End);
    assert_eq!(stream.as_end(reset, false, false), reset);
    let Stream::Own(Socket::Tls(mut tls)) = stream else {
        unreachable!("it was made of TLS");
    };
    tls.read_until_empty();
    assert_eq!(tls.read(&mut [0; 64]), Read::End);
    assert!(!tls.is_behind_part());
    let stream = Stream::Own(Socket::Tls(tls));
    assert_eq!(stream.as_end(reset, false, true), reset);
    assert_eq!(stream.as_end(reset, true, true), Read::End);
}

/// Who answers them is to meet a reset that nobody has read.
#[test]
fn bytes_are_given_out_before_the_end_behind_them_is_read() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    client
        .connection
        .writer()
        .write_all(b"last")
        .expect("room for it");
    client.turn();
    drop(client);
    tls.read_until_empty();
    assert_eq!(tls.read(&mut [0; 64]), Read::Bytes(4));
    assert_eq!(tls.kernel_end, None);
    assert_eq!(tls.read(&mut [0; 64]), Read::End);
}

#[test]
fn a_handshake_that_is_broken_off_in_the_middle_of_a_record_has_ended() {
    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let mut tls = Tls::new(near.as_raw_fd(), Some(&context())).expect("a session");
    let mut client = plain_client(far);
    let mut hello = Vec::new();
    client.connection.write_tls(&mut hello).expect("a hello");
    client.socket.write_all(&hello[..60]).expect("room");
    drop(client);
    tls.read_until_empty();
    assert_eq!(tls.arrive(), Arrived::End);
    assert!(!tls.is_established());
}
