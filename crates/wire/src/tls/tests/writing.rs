//! What is written, and when it counts as that.

use super::*;

#[test]
fn pieces_are_joined_and_arrive_in_order() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    let long = bytes_of(40_000);
    let slices: [&[u8]; 5] = [b"head", b"", &long[..16_384], &long[16_384..], b"tail"];
    let Write::Bytes(len) = tls.write(&slices) else {
        panic!("the kernel takes it");
    };
    assert_eq!(len, 40_008);
    client.turn();
    assert!(client.received == slices.concat());
}

#[test]
fn bytes_count_as_written_when_the_kernel_has_them() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    let sent = bytes_of(3_000_000);
    let mut rest = &sent[..];
    let mut was_full = false;
    while !rest.is_empty() {
        match tls.write(&[rest]) {
            Write::Bytes(len) | Write::Handed(len) => rest = &rest[len..],
            Write::Full => {
                was_full = true;
                assert!(tls.has_backlog());
                client.turn();
            }
            Write::Failed(error) => panic!("{error}"),
        }
    }
    assert!(was_full && !tls.has_backlog());
    client.turn();
    assert!(client.received == sent);
}

#[test]
fn what_was_taken_and_not_reported_is_not_given_twice() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    let sent = bytes_of(2_000_000);
    let mut rest = &sent[..];
    while let Write::Bytes(len) = tls.write(&[rest]) {
        rest = &rest[len..];
    }
    rest = &rest[tls.take_committed()..];
    assert_eq!(tls.write_all(rest), Ok(false));
    while tls.has_backlog() {
        client.turn();
        tls.flush();
    }
    client.turn();
    assert!(client.received == sent);
}

#[test]
fn shutting_down_comes_behind_what_waits() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    let sent = bytes_of(1_000_000);
    assert_eq!(tls.write_all(&sent), Ok(false));
    tls.shut_down();
    while tls.has_backlog() {
        client.turn();
        tls.flush();
    }
    client.turn();
    assert!(client.received == sent);
    // Its reader gives an error for an end without close_notify.
    assert_eq!(
        client.connection.reader().read(&mut [0]).expect("an end"),
        0
    );
}

#[test]
fn keys_are_updated_without_a_gap() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    client.send(b"before");
    client.connection.refresh_traffic_keys().expect("TLS 1.3");
    client.send(b"after");
    assert_eq!(read_all(&mut tls, 100), b"beforeafter");
    assert_eq!(tls.write(&[b"answer"]), Write::Bytes(6));
    client.turn();
    assert_eq!(client.received, b"answer");
}

#[test]
fn an_idle_session_keeps_no_bytes() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    client.send(&bytes_of(50_000));
    read_all(&mut tls, 65_536);
    tls.write_all(&bytes_of(100_000)).expect("an open wire");
    while tls.has_backlog() {
        client.turn();
        tls.flush();
    }
    let session = tls.session.as_ref().expect("a session");
    assert_eq!(session.plain.capacity(), 0);
    assert_eq!(session.outgoing.capacity(), 0);
    assert_eq!((session.partial_len(), tls.hello.capacity()), (0, 0));
}
