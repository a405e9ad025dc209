//! A frame that is there whole takes a shorter way through the connection: it must not show.

mod support;

use support::{KEY, ROLES, Recorder, Seen, frame, key_for, receive, receive_cut};
use ws_rs_protocol::{Config, Connection, ErrorKind, Event, Payload, Role};

/// Lengths in each of the three forms, and where they change.
const LENGTHS: [usize; 6] = [0, 125, 126, 127, 65_535, 65_536];

/// Places to cut at: every byte where the header and its neighbours are, and the last bytes. Long
/// payloads are left whole between.
fn single_bytes(len: usize) -> Vec<usize> {
    const EDGE: usize = 40;
    (1..len)
        .filter(|at| *at <= EDGE || *at >= len.saturating_sub(EDGE))
        .collect()
}

/// Asserts that `bytes` in one chunk, in two cut anywhere in the header, and byte by byte give the
/// same events and the same error; returns them.
fn alike(role: Role, config: Config, bytes: &[u8]) -> (Vec<Seen>, Option<ErrorKind>) {
    let whole = receive(role, config, bytes);
    let start = &bytes[..bytes.len().min(16)];
    for cut in 1..bytes.len().min(16) {
        assert_eq!(
            receive_cut(role, config, bytes, &[cut]),
            whole,
            "{role:?}, {config:?}: {start:02x?} cut at {cut}"
        );
    }
    assert_eq!(
        receive_cut(role, config, bytes, &single_bytes(bytes.len())),
        whole,
        "{role:?}, {config:?}: {start:02x?} byte by byte"
    );
    (whole.0, whole.1.map(|error| error.kind))
}

fn limit(max_payload: u64) -> Config {
    Config {
        max_payload,
        ..Config::default()
    }
}

#[test]
fn every_first_byte_masked_or_not_gives_the_same_whole_and_byte_by_byte() {
    for role in ROLES {
        for first in 0..=255 {
            for key in [None, Some(KEY)] {
                for len in [0, 1, 125, 126] {
                    alike(
                        role,
                        Config::default(),
                        &frame(first, &vec![b'a'; len], key),
                    );
                }
            }
        }
    }
}

#[test]
fn text_and_binary_of_every_form_of_length_arrive_alike() {
    for role in ROLES {
        for len in LENGTHS {
            let payload: Vec<u8> = (0..len).map(|i| b'a' + (i % 26) as u8).collect();
            let text = frame(0x81, &payload, key_for(role));
            let binary = frame(0x82, &payload, key_for(role));

            assert_eq!(
                alike(role, Config::default(), &text),
                (vec![Seen::Text(payload.clone())], None)
            );
            assert_eq!(
                alike(role, Config::default(), &binary),
                (vec![Seen::Binary(payload)], None)
            );
        }
    }
}

#[test]
fn a_mask_where_none_may_be_and_none_where_one_must_be_are_told_alike() {
    for len in LENGTHS {
        let payload = vec![b'a'; len];

        assert_eq!(
            alike(
                Role::Client,
                Config::default(),
                &frame(0x81, &payload, Some(KEY))
            ),
            (vec![], Some(ErrorKind::UnexpectedMask))
        );
        assert_eq!(
            alike(
                Role::Server,
                Config::default(),
                &frame(0x81, &payload, None)
            ),
            (vec![], Some(ErrorKind::ExpectedMask))
        );
    }
}

#[test]
fn reserved_bits_are_told_alike() {
    for role in ROLES {
        for (first, kind) in [
            (0xc1, ErrorKind::UnexpectedRsv1),
            (0xc2, ErrorKind::UnexpectedRsv1),
            (0xa1, ErrorKind::UnexpectedRsv23),
            (0x91, ErrorKind::UnexpectedRsv23),
            (0xb2, ErrorKind::UnexpectedRsv23),
        ] {
            for len in [0, 125, 126] {
                let bytes = frame(first, &vec![b'a'; len], key_for(role));

                assert_eq!(alike(role, Config::default(), &bytes), (vec![], Some(kind)));
            }
        }
    }
}

#[test]
fn the_limit_is_kept_alike_in_every_form_of_length() {
    for role in ROLES {
        for len in [1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![b'a'; len];
            let bytes = frame(0x82, &payload, key_for(role));
            let exact = limit(len as u64);
            let less = limit(len as u64 - 1);

            assert_eq!(
                alike(role, exact, &bytes),
                (vec![Seen::Binary(payload)], None)
            );
            assert_eq!(
                alike(role, less, &bytes).1,
                // No limit at all.
                (len > 1).then_some(ErrorKind::UnsupportedMessageLength)
            );
        }
    }
}

#[test]
fn text_that_is_not_utf_8_is_told_alike_unless_nobody_asks() {
    // Wrong bytes, a surrogate, too long a form, and a character that is not complete.
    let wrong: [&[u8]; 6] = [
        b"\xff",
        b"a\x80",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
    ];
    let unchecked = Config {
        skip_utf8_validation: true,
        ..Config::default()
    };

    for role in ROLES {
        for bad in wrong {
            for fill in [0, 122, 123, 124, 65_533] {
                let payload = [&vec![b'a'; fill], bad].concat();
                let text = frame(0x81, &payload, key_for(role));
                let binary = frame(0x82, &payload, key_for(role));

                assert_eq!(
                    alike(role, Config::default(), &text),
                    (vec![], Some(ErrorKind::InvalidUtf8))
                );
                assert_eq!(
                    alike(role, unchecked, &text),
                    (vec![Seen::Text(payload.clone())], None)
                );
                assert_eq!(
                    alike(role, Config::default(), &binary),
                    (vec![Seen::Binary(payload)], None)
                );
            }
        }
    }
}

#[test]
fn the_messages_before_an_error_in_the_same_chunk_are_told_and_none_behind() {
    for role in ROLES {
        let key = key_for(role);
        let bytes = [
            frame(0x81, "\u{20ac}".as_bytes(), key),
            frame(0x82, b"\xff", key),
            frame(0x81, b"\xff", key),
            frame(0x81, b"behind", key),
        ]
        .concat();

        assert_eq!(
            alike(role, Config::default(), &bytes),
            (
                vec![
                    Seen::Text("\u{20ac}".into()),
                    Seen::Binary(b"\xff".to_vec())
                ],
                Some(ErrorKind::InvalidUtf8)
            )
        );
    }
}

#[test]
fn a_whole_message_within_a_fragmented_one_is_refused_alike() {
    for role in ROLES {
        let key = key_for(role);

        for first in [0x81, 0x82] {
            let bytes = [frame(0x01, b"a", key), frame(first, b"b", key)].concat();

            assert_eq!(
                alike(role, Config::default(), &bytes),
                (vec![], Some(ErrorKind::InvalidOpcode))
            );
        }
    }
}

#[test]
fn fragment_ends_are_empty_after_a_message_of_one_frame_behind_one_of_several() {
    for role in ROLES {
        let key = key_for(role);
        let several = [frame(0x01, b"ab", key), frame(0x80, b"c", key)].concat();
        let single = frame(0x81, b"d", key);
        let bytes = [several, single].concat();

        for cuts in [vec![], single_bytes(bytes.len())] {
            let mut recorder: Recorder = Recorder::new(role, Config::default());

            recorder.feed_cut(&bytes, &cuts);
            assert_eq!(
                recorder.seen,
                [Seen::Text(b"abc".to_vec()), Seen::Text(b"d".to_vec())]
            );
            assert_eq!(recorder.ends, [vec![2, 3], vec![]], "cut at {cuts:?}");
        }
    }
}

#[test]
fn a_whole_message_leaves_nothing_behind_in_the_connection() {
    for role in ROLES {
        let mut connection: Connection = Connection::new(role, Config::default());
        let mut bytes = frame(0x82, b"abc", key_for(role));
        let start = bytes.len() - 3;
        let mut input = connection
            .handle_bytes(&mut bytes)
            .expect("no limit is met");
        let event = connection.poll_event(&mut input).expect("no violation");
        let Some(Event::Message(message)) = event else {
            panic!("a message was expected: {event:?}");
        };

        assert!(message.binary);
        assert_eq!(message.frames, 1);
        assert_eq!(message.payload, Payload::Input(start..start + 3));
        assert_eq!(input.position(), start + 3);
        assert_eq!(connection.message_len(), 0);
        assert_eq!(connection.held_bytes(), 0);
        assert_eq!(connection.missing_payload(), 0);
        assert_eq!(connection.open_frames(), 0);
        assert!(connection.fragment_ends().is_empty());
        assert!(!connection.is_done());
    }
}

#[test]
fn a_frame_cut_off_within_its_payload_is_told_when_the_rest_has_come() {
    for role in ROLES {
        for len in LENGTHS.into_iter().filter(|len| *len > 0) {
            let payload = vec![0x5a; len];
            let bytes = frame(0x82, &payload, key_for(role));
            let mut recorder: Recorder = Recorder::new(role, Config::default());

            assert!(recorder.feed(&bytes[..bytes.len() - 1]));
            assert_eq!(recorder.seen, []);
            assert!(recorder.feed(&bytes[bytes.len() - 1..]));
            assert_eq!(recorder.seen, [Seen::Binary(payload)]);
        }
    }
}
