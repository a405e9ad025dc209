//! RFC 7692, section 6: compressed messages as the connection sees them.

mod support;

use support::{Failure, ROLES, Random, Recorder, Seen, frame, key_for};
use ws_rs_protocol::{
    CompressionError, Config, Connection, Data, DeflateOptions, Deflater, ErrorKind, Role,
};

const COMPRESSION: Config = Config {
    max_payload: 1 << 20,
    max_fragments: 100,
    max_buffered_chunks: 0,
    compression: true,
    skip_utf8_validation: false,
};

/// "Hello" (RFC 7692, section 7.2.3.1).
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

fn recorder(role: Role) -> Recorder {
    Recorder::new(role, COMPRESSION)
}

fn failure_of(bytes: &[u8]) -> Option<Failure> {
    let mut recorder = recorder(Role::Client);
    recorder.feed(bytes);
    recorder.failure
}

#[test]
fn a_compressed_message_may_be_fragmented_at_every_byte() {
    for role in ROLES {
        let key = key_for(role);
        for i in 0..=HELLO.len() {
            for j in i..=HELLO.len() {
                let mut bytes = frame(0x41, &HELLO[..i], key);
                bytes.extend(frame(0x00, &HELLO[i..j], key));
                bytes.extend(frame(0x80, &HELLO[j..], key));
                let mut recorder = recorder(role);
                assert!(recorder.feed(&bytes));
                assert_eq!(recorder.seen, [Seen::Text(b"Hello".to_vec())]);
                assert_eq!(recorder.ends[0].last(), Some(&5));
            }
        }
    }
}

#[test]
fn compressed_and_plain_messages_follow_each_other() {
    let mut recorder = recorder(Role::Client);
    for bytes in [
        frame(0xc1, HELLO, None),
        frame(0x81, b"plain", None),
        frame(0xc2, b"\xf2\x00\x11\x00\x00", None),
        frame(0x02, b"pl", None),
        frame(0x80, b"ain", None),
        frame(0xc1, b"\x00", None),
    ] {
        assert!(recorder.feed(&bytes));
    }
    assert_eq!(
        recorder.seen,
        [
            Seen::Text(b"Hello".to_vec()),
            Seen::Text(b"plain".to_vec()),
            Seen::Binary(b"Hello".to_vec()),
            Seen::Binary(b"plain".to_vec()),
            Seen::Text(vec![])
        ]
    );
}

#[test]
fn control_frames_come_between_compressed_fragments() {
    let mut bytes = frame(0x41, &HELLO[..3], None);
    bytes.extend(frame(0x89, b"p", None));
    bytes.extend(frame(0x00, &HELLO[3..5], None));
    bytes.extend(frame(0x8a, b"", None));
    bytes.extend(frame(0x80, &HELLO[5..], None));
    for cut in 0..bytes.len() {
        let mut recorder = recorder(Role::Client);
        recorder.feed_cut(&bytes, &[cut]);
        assert_eq!(
            recorder.seen,
            [
                Seen::Ping(b"p".to_vec()),
                Seen::Pong(vec![]),
                Seen::Text(b"Hello".to_vec())
            ]
        );
    }
}

#[test]
fn inflated_text_is_checked_and_inflated_binary_is_not() {
    let mut deflater = Deflater::new(DeflateOptions::default());
    let mut payload = Vec::new();
    deflater.compress(b"a\xff", true, &mut payload).unwrap();
    let (start, end) = payload.split_at(2);
    let fragments = |first: u8| {
        let mut bytes = frame(first, start, None);
        bytes.extend(frame(0x80, end, None));
        bytes
    };
    for bytes in [frame(0xc1, &payload, None), fragments(0x41)] {
        match failure_of(&bytes) {
            Some(Failure::Protocol(error)) => assert_eq!(error.kind, ErrorKind::InvalidUtf8),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(failure_of(&frame(0xc2, &payload, None)), None);
    assert_eq!(failure_of(&fragments(0x42)), None);
}

#[test]
fn a_character_cut_between_compressed_fragments_is_whole() {
    let mut deflater = Deflater::new(DeflateOptions::default());
    let mut bytes = Vec::new();
    for (index, part) in [&b"\xf0\x9f"[..], b"\x98", b"\x80"].iter().enumerate() {
        let mut payload = Vec::new();
        deflater.compress(part, index == 2, &mut payload).unwrap();
        let first = [0x41, 0x00, 0x80][index];
        bytes.extend(frame(first, &payload, None));
    }
    let mut recorder = recorder(Role::Client);
    assert!(recorder.feed(&bytes));
    assert_eq!(recorder.seen, [Seen::Text("😀".as_bytes().to_vec())]);
    assert_eq!(recorder.ends, [[2, 3, 4]]);
}

#[test]
fn rsv1_is_for_the_first_frame_of_a_negotiated_extension_only() {
    let rsv1 = |bytes: &[u8]| match failure_of(bytes) {
        Some(Failure::Protocol(error)) => assert_eq!(error.kind, ErrorKind::UnexpectedRsv1),
        other => panic!("{other:?}"),
    };
    rsv1(b"\x41\x01\xf2\xc0\x00");
    rsv1(b"\x01\x01a\xc0\x00");
    rsv1(b"\xc9\x00");
    rsv1(b"\xca\x00");
    rsv1(b"\xc8\x00");
}

#[test]
fn a_corrupt_stream_stays_between_its_inflater_and_the_caller() {
    assert_eq!(
        failure_of(b"\xc1\x01\x07"),
        Some(Failure::Compression(CompressionError::Corrupt(
            "invalid block type"
        )))
    );
}

#[test]
fn a_stream_with_bfinal_in_each_message_inflates_message_by_message() {
    let mut recorder = recorder(Role::Client);
    for _ in 0..3 {
        let bytes = frame(0xc1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", None);
        assert!(recorder.feed(&bytes));
    }
    assert_eq!(recorder.seen, vec![Seen::Text(b"Hello".to_vec()); 3]);
}

#[test]
fn what_one_connection_compresses_and_sends_the_other_receives() {
    let mut random = Random::new(13);
    for round in 0..300 {
        let role = random.pick(&ROLES);
        let sender: Connection = Connection::new(role, COMPRESSION);
        let mut deflater = Deflater::new(DeflateOptions {
            window_bits: random.pick(&[8, 9, 12, 15]),
            mem_level: random.pick(&[1, 8, 9]),
            ..DeflateOptions::default()
        });
        let take_over = random.below(2) == 0;
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..1 + random.below(4) {
            let mut message = Vec::new();
            let frames = 1 + random.below(3);
            for index in 0..frames {
                let len = random.pick(&[0, 0, 3, 130, 700]);
                let part = match random.below(2) {
                    0 => random.bytes(len),
                    _ => b"words, words. ".repeat(60)[..len].to_vec(),
                };
                let fin = index + 1 == frames;
                let opcode = if index == 0 {
                    Data::Binary
                } else {
                    Data::Continue
                };
                let mask = (role == Role::Client).then_some([round as u8, 2, 3, 4]);
                let mut payload = Vec::new();
                deflater.compress(&part, fin, &mut payload).unwrap();
                sender.send_message(opcode, &payload, (fin, index == 0), mask, &mut bytes);
                message.extend(part);
            }
            expected.push(Seen::Binary(message));
            if !take_over {
                deflater.reset();
            }
        }
        let peer = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let mut receiver = recorder(peer);
        let cuts = random.cuts(bytes.len(), 200);
        receiver.feed_cut(&bytes, &cuts);
        assert_eq!(receiver.failure, None, "round {round}");
        assert_eq!(receiver.seen, expected, "round {round}");
    }
}
