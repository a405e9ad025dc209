//! Sessions over a pair of Unix sockets, whose other end is rustls's own client.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use peer::*;

use super::*;
use crate::write::Write;

mod ends;
mod peer;
#[cfg(not(loom))]
mod threads;
mod writing;

#[test]
fn a_handshake_agrees_on_a_version_a_protocol_and_a_name() {
    for only_12 in [false, true] {
        let (mut tls, mut client, _near) =
            pair(&context(), |socket| Client::new(socket, false, only_12));
        assert!(tls.is_established());
        let facts = tls.facts();
        assert_eq!(facts.protocol, if only_12 { "TLSv1.2" } else { "TLSv1.3" });
        assert!(facts.cipher.starts_with("TLS_"), "{}", facts.cipher);
        assert_eq!(facts.application_protocol, b"http/1.1");
        assert_eq!(tls.server_name(), "localhost");
        client.send(b"GET / HTTP/1.1");
        assert_eq!(tls.arrive(), Arrived::Plaintext);
        assert_eq!(tls.plaintext(), b"GET / HTTP/1.1");
        tls.skip(4);
        assert_eq!(read_all(&mut tls, 3), b"/ HTTP/1.1");
    }
}

#[test]
fn whatever_the_room_the_plaintext_is_the_same() {
    let (mut tls, mut client, _near) = pair(&context(), plain_client);
    let sent = bytes_of(50_000);
    for room in [1, 100, 16_384, 65_536] {
        let mut got = Vec::new();
        for part in sent.chunks(20_000) {
            client.send(part);
            got.extend(read_all(&mut tls, room));
        }
        assert!(got == sent, "in rooms of {room}");
        assert!(!tls.has_more());
    }
}

#[test]
fn records_that_come_byte_by_byte_are_put_together() {
    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let (mut front, back) = UnixStream::pair().expect("a pair");
    let mut tls = Tls::new(near.as_raw_fd(), Some(&context())).expect("a session");
    let mut client = plain_client(back);
    front.set_nonblocking(true).expect("a socket");
    let mut far = far;
    far.set_nonblocking(true).expect("a socket");
    let mut is_sent = false;
    for _ in 0..6 {
        client.turn();
        let mut bytes = Vec::new();
        let _ = front.read_to_end(&mut bytes);
        for byte in bytes {
            far.write_all(&[byte]).expect("room for it");
            let arrived = tls.arrive();
            assert!(matches!(arrived, Arrived::Nothing | Arrived::Plaintext));
        }
        let mut answer = Vec::new();
        let _ = far.read_to_end(&mut answer);
        front.write_all(&answer).expect("room for it");
        if tls.is_established() && !is_sent {
            is_sent = true;
            client.send(b"hello");
        }
    }
    assert_eq!(tls.plaintext(), b"hello");
}

#[test]
fn a_hello_says_whom_it_is_for_and_a_context_is_picked() {
    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let mut tls = Tls::new(near.as_raw_fd(), None).expect("a session");
    let mut client = plain_client(far);
    assert_eq!(tls.arrive(), Arrived::Nothing);
    client.turn();
    assert_eq!(tls.arrive(), Arrived::Hello);
    assert!(tls.awaits_context());
    assert_eq!(tls.server_name(), "localhost");
    // Until then nothing more is read.
    assert_eq!(tls.arrive(), Arrived::Nothing);
    tls.begin(&context()).expect("a session");
    for _ in 0..3 {
        client.turn();
        tls.arrive();
    }
    assert!(tls.is_established());
    client.send(b"x");
    assert_eq!(tls.arrive(), Arrived::Plaintext);
}

#[test]
fn what_is_no_tls_is_named() {
    for context in [None, Some(context())] {
        for (bytes, code) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "ERR_SSL_HTTP_REQUEST"),
            (
                b"\xff\xff\xff\xff\xff\xff\xff",
                "ERR_SSL_WRONG_VERSION_NUMBER",
            ),
            // A close_notify, and an alert of a client that has seen something wrong.
            (
                b"\x15\x03\x01\x00\x02\x01\x00",
                "ERR_SSL_UNEXPECTED_MESSAGE",
            ),
            (
                b"\x15\x03\x03\x00\x02\x02\x2f",
                "ERR_SSL_UNEXPECTED_MESSAGE",
            ),
        ] {
            let (near, mut far) = UnixStream::pair().expect("a pair");
            near.set_nonblocking(true).expect("a socket");
            let mut tls = Tls::new(near.as_raw_fd(), context.as_ref()).expect("a session");
            far.write_all(bytes).expect("room for it");
            assert_eq!(tls.arrive(), Arrived::End);
            let (got, _) = tls.error().expect("an error");
            assert_eq!(got, code);
            let mut alert = [0; 7];
            far.read_exact(&mut alert).expect("an alert");
            assert_eq!(alert[0], 21, "the type of alerts");
        }
    }
}

#[test]
fn a_record_that_was_changed_on_the_way_is_refused() {
    let (mut tls, client, _near) = pair(&context(), plain_client);
    let mut socket = client.socket;
    let record = [&[23, 3, 3, 0, 40][..], &[7; 40]].concat();
    socket.write_all(&record).expect("room for it");
    assert_eq!(tls.read(&mut [0; 100]), Read::Failed(71));
    let (code, _) = tls.error().expect("an error");
    assert_eq!(code, "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC");
}

#[test]
fn clients_without_a_certificate_are_told_apart_or_kept_out() {
    let both = (Version::Tls12, Version::Tls13);
    let asked = context_with(ClientCertificates::Asked, both);
    let (tls, ..) = pair(&asked, plain_client);
    assert_eq!(tls.facts().distrust, "UNABLE_TO_GET_ISSUER_CERT");
    let (tls, ..) = pair(&asked, |socket| Client::new(socket, true, false));
    assert_eq!(tls.facts().certificates, [identity().der.clone()]);

    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let required = context_with(ClientCertificates::Required, both);
    let mut tls = Tls::new(near.as_raw_fd(), Some(&required)).expect("a session");
    let mut client = plain_client(far);
    for _ in 0..3 {
        client.turn();
        tls.arrive();
    }
    let (code, _) = tls.error().expect("an error");
    assert_eq!(code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
}

#[test]
fn versions_can_be_refused() {
    let (near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    let only_13 = context_with(ClientCertificates::None, (Version::Tls13, Version::Tls13));
    let mut tls = Tls::new(near.as_raw_fd(), Some(&only_13)).expect("a session");
    let mut client = Client::new(far, false, true);
    client.turn();
    assert_eq!(tls.arrive(), Arrived::End);
    let (code, _) = tls.error().expect("an error");
    assert_eq!(code, "ERR_SSL_UNSUPPORTED_PROTOCOL");
}

#[test]
fn bad_options_are_named() {
    let identity = identity();
    let with = |identities: &[(&[u8], &[u8])]| {
        Context::new(Options {
            identities,
            ocsp: &[],
            authorities: &[],
            clients: ClientCertificates::None,
            versions: (Version::Tls12, Version::Tls13),
            protocols: Vec::new(),
        })
        .expect_err("no context")
    };
    assert_eq!(with(&[]), "\"key\" and \"cert\" are missing");
    let error = with(&[(b"no PEM", &identity.key)]);
    assert_eq!(error, "\"cert\" holds no certificate in PEM");
    let error = with(&[(identity.pem.as_bytes(), b"no key")]);
    assert!(error.starts_with("the key cannot be used"), "{error}");
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn whatever_a_peer_sends_ends_its_connection_at_most() {
    let context = context();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for round in 0..600 {
        let (near, far) = UnixStream::pair().expect("a pair");
        near.set_nonblocking(true).expect("a socket");
        let given = (round % 3 != 0).then_some(&context);
        let mut tls = Tls::new(near.as_raw_fd(), given).expect("a session");
        let (mut front, back) = UnixStream::pair().expect("a pair");
        front.set_nonblocking(true).expect("a socket");
        let mut client = plain_client(back);
        let mut far = far;
        far.set_nonblocking(true).expect("a socket");
        // How many flights of the client's arrive as they were sent.
        let mut whole = random.below(4);
        for _ in 0..6 {
            client.turn();
            if tls.is_established() {
                // It may have met an alert.
                let _ = client.connection.writer().write(b"a message");
                client.turn();
            }
            let mut bytes = Vec::new();
            let _ = front.read_to_end(&mut bytes);
            if !bytes.is_empty() {
                if whole == 0 {
                    for _ in 0..=random.below(3) {
                        let at = random.below(bytes.len());
                        bytes[at] ^= 1 << random.below(8);
                    }
                    bytes.truncate(1 + random.below(2 * bytes.len()).min(bytes.len() - 1));
                } else {
                    whole -= 1;
                }
            }
            for part in bytes.chunks(1 + random.below(200)) {
                let _ = far.write_all(part);
                if tls.is_established() {
                    tls.read(&mut [0; 50]);
                } else if tls.arrive() == Arrived::Hello {
                    tls.begin(&context).expect("a session");
                }
                if random.below(4) == 0 && tls.is_established() {
                    tls.write(&[b"x"]);
                }
            }
            let mut answer = Vec::new();
            let _ = far.read_to_end(&mut answer);
            let _ = front.write_all(&answer);
        }
        tls.shut_down();
        tls.write(&[b"behind the end"]);
        let _ = tls.facts();
    }
}
