//! RFC 6455, section 8.1: text is UTF-8, judged when its message is complete.

mod support;

use support::{KEY, Recorder, Seen, frame, receive_cut};
use ws_rs_protocol::{Config, ErrorKind, Role, is_valid_utf8};

/// One member and both ends of every class of the table in RFC 3629, section 4.
const VALID: &[&[u8]] = &[
    b"",
    b"\x00",
    b"\x7f",
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xe0\xbf\xbf",
    b"\xe1\x80\x80",
    b"\xec\xbf\xbf",
    b"\xed\x80\x80",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf0\xbf\xbf\xbf",
    b"\xf1\x80\x80\x80",
    b"\xf3\xbf\xbf\xbf",
    b"\xf4\x80\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
];

const INVALID: &[&[u8]] = &[
    // A continuation byte alone, and one too many.
    b"\x80",
    b"\xbf",
    b"\xc2\x80\x80",
    // Overlong forms.
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    // Surrogates.
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    // Above U+10FFFF.
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfe",
    b"\xff",
    // Sequences that end too early, at the end and before another character.
    b"\xc2",
    b"\xe1\x80",
    b"\xf1\x80\x80",
    b"\xc2a",
    b"\xe1\x80a",
    b"\xf1\x80\x80a",
    b"\xe1\xe1\x80\x80",
    b"a\xf0\x90\x80",
];

/// RFC 3629, section 4, byte by byte.
fn by_the_table(mut bytes: &[u8]) -> bool {
    let tail = |byte: &u8| (0x80..=0xbf).contains(byte);
    loop {
        bytes = match bytes {
            [] => return true,
            [0x00..=0x7f, rest @ ..] => rest,
            [0xc2..=0xdf, a, rest @ ..] if tail(a) => rest,
            [0xe0, 0xa0..=0xbf, a, rest @ ..] if tail(a) => rest,
            [0xe1..=0xec | 0xee | 0xef, a, b, rest @ ..] if tail(a) && tail(b) => rest,
            [0xed, 0x80..=0x9f, a, rest @ ..] if tail(a) => rest,
            [0xf0, 0x90..=0xbf, a, b, rest @ ..] if tail(a) && tail(b) => rest,
            [0xf1..=0xf3, a, b, c, rest @ ..] if [a, b, c].into_iter().all(tail) => rest,
            [0xf4, 0x80..=0x8f, a, b, rest @ ..] if tail(a) && tail(b) => rest,
            _ => return false,
        };
    }
}

fn verdict(role: Role, bytes: &[u8], cuts: &[usize], text: &[u8]) -> bool {
    let (seen, error) = receive_cut(role, Config::default(), bytes, cuts);
    match error.map(|error| error.kind) {
        None => {
            assert_eq!(seen, [Seen::Text(text.to_vec())]);
            true
        }
        Some(kind) => {
            assert_eq!(kind, ErrorKind::InvalidUtf8);
            assert_eq!(seen, []);
            false
        }
    }
}

#[test]
fn every_class_is_judged_alike_in_one_chunk_and_cut_at_every_two_bytes() {
    for (texts, expected) in [(VALID, true), (INVALID, false)] {
        for text in texts {
            assert_eq!(is_valid_utf8(text), expected, "{text:x?}");
            assert_eq!(by_the_table(text), expected, "{text:x?}");
            for (role, key) in [(Role::Client, None), (Role::Server, Some(KEY))] {
                let bytes = frame(0x81, text, key);
                let every: Vec<usize> = (1..bytes.len()).collect();
                assert_eq!(verdict(role, &bytes, &every, text), expected);
                for i in 0..bytes.len() {
                    for j in i..bytes.len() {
                        let verdict = verdict(role, &bytes, &[i, j], text);
                        assert_eq!(verdict, expected, "{text:x?} cut at {i} and {j}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_class_is_judged_alike_over_two_and_three_frames() {
    for (texts, expected) in [(VALID, true), (INVALID, false)] {
        for text in texts {
            for i in 0..=text.len() {
                for j in i..=text.len() {
                    let mut bytes = frame(0x01, &text[..i], None);
                    bytes.extend(frame(0x00, &text[i..j], None));
                    bytes.extend(frame(0x80, &text[j..], None));
                    let every: Vec<usize> = (1..bytes.len()).collect();
                    for cuts in [&[][..], &every] {
                        let verdict = verdict(Role::Client, &bytes, cuts, text);
                        assert_eq!(verdict, expected, "{text:x?} in frames to {i} and {j}");
                    }
                }
            }
        }
    }
}

#[test]
fn all_sequences_of_four_boundary_bytes_are_judged_by_the_table_in_single_byte_frames() {
    const BOUNDARIES: [u8; 22] = [
        0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
        0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    for a in BOUNDARIES {
        for b in BOUNDARIES {
            for c in BOUNDARIES {
                for d in BOUNDARIES {
                    let text = [a, b, c, d];
                    let expected = by_the_table(&text);
                    assert_eq!(is_valid_utf8(&text), expected, "{text:x?}");
                    let bytes = [1, 1, a, 0, 1, b, 0, 1, c, 0x80, 1, d];
                    assert_eq!(verdict(Role::Client, &bytes, &[], &text), expected);
                }
            }
        }
    }
}

#[test]
fn bad_text_is_told_at_the_end_of_its_message_not_before() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    assert!(recorder.feed(b"\x01\x01\xff"));
    assert!(recorder.feed(b"\x89\x00\x00\x01a\x80\x02"));
    assert_eq!(recorder.seen, [Seen::Ping(vec![])]);
    assert!(recorder.feed(b"b"));
    assert!(!recorder.feed(b"c"));
}

#[test]
fn a_bad_text_does_not_spoil_the_binary_messages_before_it() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    assert!(recorder.feed(b"\x02\x01\xff\x80\x01\xc2"));
    assert!(recorder.feed(b"\x01\x01\xc2\x80\x01\xa9"));
    assert!(recorder.feed(b"\x81\x01a"));
    assert_eq!(
        recorder.seen,
        [
            Seen::Binary(b"\xff\xc2".to_vec()),
            Seen::Text("©".as_bytes().to_vec()),
            Seen::Text(b"a".to_vec())
        ]
    );
}

#[test]
fn skipping_the_check_lets_any_bytes_through_as_text() {
    let config = Config {
        skip_utf8_validation: true,
        ..Config::default()
    };
    for text in INVALID {
        let whole = frame(0x81, text, None);
        let mut framed = frame(0x01, &text[..1], None);
        framed.extend(frame(0x80, &text[1..], None));
        for (bytes, cuts) in [(&whole, vec![]), (&whole, vec![1, 3]), (&framed, vec![])] {
            let (seen, error) = receive_cut(Role::Client, config, bytes, &cuts);
            assert_eq!((seen, error), (vec![Seen::Text(text.to_vec())], None));
        }
    }
}
