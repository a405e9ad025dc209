//! `maxPayload` and `maxFragments`: what a message may be, and when it is judged.

mod support;

use support::{Failure, Recorder, Seen, receive, receive_cut};
use ws_rs_protocol::{
    CompressionError, Config, Connection, ErrorKind, Event, Inflated, ProtocolError, Role,
};

fn max_payload(max_payload: u64) -> Config {
    Config {
        max_payload,
        ..Config::default()
    }
}

fn max_fragments(max_fragments: u32) -> Config {
    Config {
        max_fragments,
        ..Config::default()
    }
}

fn kind(result: &(Vec<Seen>, Option<ProtocolError>)) -> Option<ErrorKind> {
    result.1.map(|error| error.kind)
}

const TOO_LONG: Option<ErrorKind> = Some(ErrorKind::UnsupportedMessageLength);
const TOO_MANY: Option<ErrorKind> = Some(ErrorKind::TooManyFragments);

#[test]
fn a_message_of_just_max_payload_passes_and_one_byte_more_does_not() {
    let config = max_payload(5);
    let passes = receive(Role::Client, config, b"\x82\x05hello");
    assert_eq!(passes, (vec![Seen::Binary(b"hello".to_vec())], None));
    assert_eq!(kind(&receive(Role::Client, config, b"\x82\x06")), TOO_LONG);
}

#[test]
fn the_length_is_judged_with_the_header_in_every_form() {
    for header in [
        &b"\x82\x7d"[..],
        b"\x82\x7e\x00\x65",
        b"\x82\x7f\0\0\0\0\0\0\0\x65",
    ] {
        let result = receive(Role::Client, max_payload(100), header);
        assert_eq!(kind(&result), TOO_LONG);
        // Not a byte earlier.
        let before = receive(Role::Client, max_payload(100), &header[..header.len() - 1]);
        assert_eq!(before, (vec![], None));
    }
}

#[test]
fn the_lengths_of_all_frames_of_a_message_are_added_up() {
    let config = max_payload(5);
    let passes = receive(Role::Client, config, b"\x02\x03abc\x00\x00\x80\x02de");
    assert_eq!(passes, (vec![Seen::Binary(b"abcde".to_vec())], None));
    let third = receive(Role::Client, config, b"\x02\x03abc\x00\x02de\x80\x01");
    assert_eq!(kind(&third), TOO_LONG);
}

#[test]
fn the_count_starts_over_with_each_message_and_leaves_control_frames_out() {
    let bytes = b"\x02\x03abc\x89\x06abcdef\x80\x02de\x82\x05fghij\x8a\x06abcdef";
    for cuts in [vec![], (1..bytes.len()).collect()] {
        let (seen, error) = receive_cut(Role::Client, max_payload(5), bytes, &cuts);
        assert_eq!(error, None);
        assert_eq!(seen.len(), 4);
    }
}

#[test]
fn a_limit_of_zero_is_none_and_the_default_is_100_mib() {
    let huge = b"\x82\x7f\x00\x00\x00\xff\x00\x00\x00\x00";
    assert_eq!(receive(Role::Client, max_payload(0), huge), (vec![], None));
    let just = b"\x82\x7f\x00\x00\x00\x00\x06\x40\x00\x00";
    let more = b"\x82\x7f\x00\x00\x00\x00\x06\x40\x00\x01";
    assert_eq!(receive(Role::Client, Config::default(), just).1, None);
    let result = receive(Role::Client, Config::default(), more);
    assert_eq!(kind(&result), TOO_LONG);
}

#[test]
fn frame_number_n_plus_1_is_refused_when_its_payload_is_there() {
    let config = max_fragments(2);
    let passes = receive(Role::Client, config, b"\x02\x01a\x80\x01b");
    assert_eq!(passes, (vec![Seen::Binary(b"ab".to_vec())], None));
    let header = receive(Role::Client, config, b"\x02\x01a\x00\x01b\x80\x02c");
    assert_eq!(header, (vec![], None), "its payload is not there yet");
    let result = receive(Role::Client, config, b"\x02\x01a\x00\x01b\x80\x02cd");
    assert_eq!(kind(&result), TOO_MANY);
    assert_eq!(result.1.unwrap().to_string(), "Too many message fragments");
}

#[test]
fn empty_frames_count_as_fragments_and_control_frames_do_not() {
    let config = max_fragments(2);
    let empty = receive(Role::Client, config, b"\x02\x00\x00\x00\x80\x00");
    assert_eq!(kind(&empty), TOO_MANY);
    let pings = receive(
        Role::Client,
        config,
        b"\x02\x00\x89\x00\x8a\x00\x89\x00\x80\x00\x02\x00\x80\x00",
    );
    assert_eq!(pings.1, None);
    assert_eq!(pings.0.len(), 5);
}

#[test]
fn one_fragment_allows_whole_messages_only() {
    let config = max_fragments(1);
    let whole = receive(Role::Client, config, &b"\x82\x01a".repeat(10));
    assert_eq!((whole.0.len(), whole.1), (10, None));
    let result = receive(Role::Client, config, b"\x02\x01a\x80\x00");
    assert_eq!(kind(&result), TOO_MANY);
}

#[test]
fn no_limit_takes_more_frames_than_the_default_and_the_default_16384() {
    let stream = |frames: usize| {
        let mut bytes = b"\x02\x01a".to_vec();
        bytes.extend(b"\x00\x01a".repeat(frames - 2));
        bytes.extend(b"\x80\x00");
        bytes
    };
    let just = receive(Role::Client, Config::default(), &stream(16_384));
    assert_eq!(just, (vec![Seen::Binary(vec![b'a'; 16_383])], None));
    let more = receive(Role::Client, Config::default(), &stream(16_385));
    assert_eq!(kind(&more), TOO_MANY);
    let unlimited = receive(Role::Client, max_fragments(0), &stream(100_000));
    assert_eq!(unlimited, (vec![Seen::Binary(vec![b'a'; 99_999])], None));
}

#[test]
fn too_many_fragments_are_refused_before_bad_text_and_before_inflation() {
    let config = Config {
        compression: true,
        ..max_fragments(1)
    };
    let text = receive(Role::Client, config, b"\x01\x01\xff\x80\x01\xff");
    assert_eq!(kind(&text), TOO_MANY);
    let mut recorder: Recorder = Recorder::new(Role::Client, config);
    assert!(recorder.feed(b"\x41\x01\xf2"));
    assert!(!recorder.feed(b"\x80\x01\xff"));
    match recorder.failure {
        Some(Failure::Protocol(error)) => assert_eq!(Some(error.kind), TOO_MANY),
        other => panic!("{other:?}"),
    }
}

#[test]
fn inflated_bytes_are_held_against_max_payload_over_all_frames() {
    let config = Config {
        compression: true,
        ..max_payload(5)
    };
    for (lengths, expected) in [
        (&[5][..], None),
        (&[6], TOO_LONG),
        (&[2, 3], None),
        (&[2, 4], TOO_LONG),
        (&[5, 0, 0], None),
        (&[5, 0, 1], TOO_LONG),
    ] {
        let mut connection: Connection = Connection::new(Role::Client, config);
        let mut error = None;
        for (index, &len) in lengths.iter().enumerate() {
            let first = if index == 0 { 0x42 } else { 0x00 };
            let fin = if index + 1 == lengths.len() { 0x80 } else { 0 };
            let mut bytes = [first | fin, 1, 0];
            let mut input = connection.handle_bytes(&mut bytes).unwrap();
            let event = connection.poll_event(&mut input).unwrap();
            assert!(matches!(event, Some(Event::Compressed(_))));
            assert!(connection.is_inflating());
            error = connection.handle_inflated(&vec![7; len]).err();
        }
        assert_eq!(error.map(|error| error.kind), expected, "{lengths:?}");
        assert_eq!(connection.is_done(), expected.is_some());
    }
}

#[test]
fn the_inflated_count_starts_over_with_each_message() {
    let config = Config {
        compression: true,
        ..max_payload(5)
    };
    let mut connection: Connection = Connection::new(Role::Client, config);
    for _ in 0..3 {
        let mut bytes = *b"\xc2\x01\x00";
        let mut input = connection.handle_bytes(&mut bytes).unwrap();
        connection.poll_event(&mut input).unwrap();
        let inflated = connection.handle_inflated(b"hello").unwrap();
        assert_eq!(inflated, Inflated::Whole { binary: true });
    }
}

#[test]
fn a_compressed_frame_longer_than_max_payload_on_the_wire_is_refused_with_its_header() {
    let config = Config {
        compression: true,
        ..max_payload(5)
    };
    let result = receive(Role::Client, config, b"\xc2\x06");
    assert_eq!(kind(&result), TOO_LONG);
}

#[test]
fn inflation_stops_at_max_payload() {
    // 50 times `a`, compressed.
    let bytes = b"\xc2\x05\x4a\x4c\x24\x15\x00";
    for (max, failure) in [
        (50, None),
        (49, Some(Failure::Compression(CompressionError::TooLong))),
    ] {
        let config = Config {
            compression: true,
            ..max_payload(max)
        };
        let mut recorder: Recorder = Recorder::new(Role::Client, config);
        recorder.feed(bytes);
        assert_eq!(recorder.failure, failure, "a limit of {max}");
    }
    assert_eq!(
        CompressionError::TooLong.to_string(),
        "Max payload size exceeded"
    );
}

#[test]
fn a_changed_limit_acts_from_the_next_frame_on() {
    let mut recorder: Recorder = Recorder::new(Role::Client, max_payload(5));
    assert!(recorder.feed(b"\x82\x05he"));
    recorder.connection.config_mut().max_payload = 2;
    assert!(recorder.feed(b"llo"));
    assert!(!recorder.feed(b"\x82\x03"));
    assert_eq!(recorder.seen, [Seen::Binary(b"hello".to_vec())]);
}
