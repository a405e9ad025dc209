//! Compressed messages that are inflated on their way to who decodes them.

mod support;

use std::sync::{Arc, Mutex};

use support::{KEY, frame};
use ws_rs_protocol::{Config, Inflate, Passed, PingResponder};

/// The number of a message, and its payload.
type Asked = (u64, Vec<u8>);

/// Says what it was asked, and makes twice the payload of all but what begins with a bang.
#[derive(Debug, Default, Clone)]
struct Twice(Arc<Mutex<Vec<Asked>>>);

impl Inflate for Twice {
    fn inflate(&mut self, before: u64, payload: &[u8], out: &mut Vec<u8>) -> bool {
        self.0.lock().unwrap().push((before, payload.to_vec()));
        if payload.first() == Some(&b'!') {
            return false;
        }
        out.extend_from_slice(payload);
        out.extend_from_slice(payload);
        true
    }
}

const CONFIG: Config = Config {
    compression: true,
    max_payload: 100_000,
    max_fragments: 0,
    max_buffered_chunks: 0,
    skip_utf8_validation: false,
};

fn opened() -> (PingResponder, Twice) {
    let mut responder = PingResponder::new(CONFIG);
    responder.written(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let twice = Twice::default();
    responder.set_inflate(Box::new(twice.clone()));
    (responder, twice)
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, Some(KEY))
}

fn inflated(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, Some([0; 4]))
}

fn pass(responder: &mut PingResponder, bytes: &[u8]) -> (Passed, Vec<u8>) {
    let mut answers = Vec::new();
    (responder.pass(bytes, &mut answers), answers)
}

/// All kinds of frames, and what is to come of them.
fn mixture() -> (Vec<u8>, Vec<u8>) {
    let same = |bytes: Vec<u8>| (bytes.clone(), bytes);
    let parts = [
        same(masked(0x81, b"plain")),
        (masked(0xc1, b"one"), inflated(0xc1, b"oneone")),
        same(masked(0x89, b"ping")),
        (masked(0xc2, &[7; 300]), inflated(0xc2, &[7; 600])),
        (masked(0xc2, b""), inflated(0xc2, b"")),
        // Left by who inflates, in fragments, and too long.
        same(masked(0xc1, b"!not this")),
        same(masked(0x41, b"first")),
        same(masked(0x00, b"middle")),
        same(masked(0x89, b"")),
        same(masked(0x80, b"last")),
        same(masked(0xc2, &[1; 16 * 1024 + 1])),
        (
            masked(0xc2, &[2; 16 * 1024]),
            inflated(0xc2, &[2; 32 * 1024]),
        ),
        same(masked(0x02, &[3; 70_000])),
        same(masked(0x80, b"")),
    ];
    let (bytes, passed): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    (bytes.concat(), passed.concat())
}

#[test]
fn short_messages_in_one_frame_are_inflated_and_all_else_passes_as_it_is() {
    let (bytes, expected) = mixture();
    let pongs = [frame(0x8a, b"ping", None), frame(0x8a, b"", None)].concat();
    for step in [1, 2, 3, 5, 7, 64, 1000, 4096, 65_536, bytes.len()] {
        let (mut responder, twice) = opened();
        let mut all = Passed::default();
        let mut answers = Vec::new();
        for piece in bytes.chunks(step) {
            let passed = responder.pass(piece, &mut answers);
            all.bytes.extend(passed.bytes);
            all.inflated.extend(passed.inflated);
            all.pings += passed.pings;
        }
        assert!(all.bytes == expected, "in pieces of {step}");
        assert_eq!(all.inflated, [0, 1, 2, 6]);
        assert_eq!((all.pings, &answers), (2, &pongs));
        let asked = twice.0.lock().unwrap();
        let numbers: Vec<_> = asked.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 6]);
        assert_eq!(asked[3].1, b"!not this");
    }
}

#[test]
fn what_was_kept_is_given_back() {
    let bytes = masked(0xc1, b"message");
    for cut in 1..bytes.len() {
        let (mut responder, _) = opened();
        let (passed, _) = pass(&mut responder, &bytes[..cut]);
        assert_eq!(passed.bytes, b"");
        assert_eq!(responder.stop_inflating(), &bytes[..cut]);
        assert!(!responder.inflates());
        let (passed, _) = pass(&mut responder, &bytes[cut..]);
        assert_eq!(passed.bytes, &bytes[cut..]);
    }
}

#[test]
fn behind_a_close_frame_or_a_fault_all_passes_as_it_is() {
    for last in [
        masked(0x88, b""),
        masked(0xd1, b"?"),
        masked(0x83, b""),
        frame(0xc1, b"no mask", None),
    ] {
        let before = masked(0xc1, b"message");
        let behind = masked(0xc1, b"behind");
        let bytes = [before, last.clone(), behind.clone()].concat();
        let expected = [inflated(0xc1, b"messagemessage"), last, behind].concat();
        for step in [1, 3, 1000] {
            let (mut responder, _) = opened();
            let mut all = Vec::new();
            for piece in bytes.chunks(step) {
                all.extend(pass(&mut responder, piece).0.bytes);
            }
            assert_eq!(all, expected, "in pieces of {step}");
        }
    }
}

#[test]
fn what_is_inflated_of_the_bytes_that_came_at_once_has_an_end() {
    let (mut responder, twice) = opened();
    let bytes = masked(0xc2, &[1; 16 * 1024]).repeat(20);
    let (passed, _) = pass(&mut responder, &bytes);
    // Each of 32 KiB: the ninth passes 256 KiB.
    assert_eq!(passed.inflated, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(twice.0.lock().unwrap().len(), 8);
    assert!(
        passed
            .bytes
            .ends_with(&bytes[bytes.len() - 12 * 16 * 1024..])
    );
}

#[test]
fn messages_are_counted_before_anything_is_inflated() {
    let mut responder = PingResponder::new(CONFIG);
    let bytes = [
        masked(0xc1, b"one"),
        masked(0x41, b"two"),
        masked(0x80, b""),
    ]
    .concat();
    assert_eq!(responder.read(&bytes, &mut Vec::new()), 0);
    responder.set_inflate(Box::new(Twice::default()));
    let (passed, _) = pass(&mut responder, &masked(0xc1, b"three"));
    assert_eq!(passed.inflated, [2]);
}

#[test]
fn a_frame_of_which_a_part_had_passed_before_passes_as_it_is() {
    let bytes = masked(0xc1, b"message");
    let next = masked(0xc1, b"next");
    for cut in 1..bytes.len() {
        let mut responder = PingResponder::new(CONFIG);
        assert_eq!(responder.read(&bytes[..cut], &mut Vec::new()), 0);
        responder.set_inflate(Box::new(Twice::default()));
        let rest = [&bytes[cut..], &next].concat();
        let mut all = Passed::default();
        for piece in [&rest[..1], &rest[1..]] {
            let (passed, _) = pass(&mut responder, piece);
            all.bytes.extend(passed.bytes);
            all.inflated.extend(passed.inflated);
        }
        let expected = [&bytes[cut..], &inflated(0xc1, b"nextnext")].concat();
        assert_eq!(all.bytes, expected, "behind {cut} bytes");
        assert_eq!(all.inflated, [1]);
    }
}
