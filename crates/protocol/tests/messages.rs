//! RFC 6455, sections 5.4 and 5.5: fragmented messages and control frames.

mod support;

use support::{KEY, ROLES, Random, Recorder, Seen, error_of, frame, key_for, receive};
use ws_rs_protocol::{Config, Connection, ErrorKind, Event, Payload, Role};

#[test]
fn fragments_are_joined_and_their_ends_told() {
    for role in ROLES {
        let key = key_for(role);
        let mut recorder: Recorder = Recorder::new(role, Config::default());
        assert!(recorder.feed(&frame(0x01, b"Hel", key)));
        assert!(recorder.feed(&frame(0x00, b"lo, ", key)));
        assert!(recorder.feed(&frame(0x80, b"world", key)));
        assert_eq!(recorder.seen, [Seen::Text(b"Hello, world".to_vec())]);
        assert_eq!(recorder.ends, [[3, 7, 12]]);
    }
}

#[test]
fn fragment_ends_leave_empty_frames_out_and_single_frames_have_none() {
    for (bytes, ends) in [
        (&b"\x82\x03abc"[..], &[][..]),
        (b"\x82\x00", &[]),
        (b"\x02\x00\x80\x00", &[]),
        (b"\x02\x00\x00\x01a\x00\x00\x80\x00", &[1]),
        (b"\x02\x03abc\x80\x00", &[3]),
        (b"\x02\x00\x80\x03abc", &[3]),
        (b"\x02\x02ab\x00\x01c\x80\x01d", &[2, 3, 4]),
    ] {
        for cuts in [vec![], (1..bytes.len()).collect()] {
            let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
            recorder.feed_cut(bytes, &cuts);
            assert_eq!(recorder.ends, [ends], "{bytes:02x?} cut at {cuts:?}");
        }
    }
}

#[test]
fn fragment_ends_stay_until_the_next_message_begins() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    assert!(recorder.feed(b"\x02\x01a\x80\x01b\x89\x00"));
    assert_eq!(recorder.connection.fragment_ends(), [1, 2]);
    assert!(recorder.feed(b"\x02\x01a"));
    assert_eq!(recorder.connection.fragment_ends(), [1]);
    assert!(recorder.feed(b"\x80\x01b\x82\x01c"));
    assert!(recorder.connection.fragment_ends().is_empty());
}

#[test]
fn a_message_tells_how_many_frames_it_came_in() {
    for (bytes, expected) in [
        (&b"\x82\x01a"[..], 1),
        (b"\x02\x01a\x80\x01b", 2),
        (b"\x02\x00\x89\x00\x00\x00\x8a\x00\x80\x00", 3),
    ] {
        let mut bytes = bytes.to_vec();
        let mut connection: Connection = Connection::new(Role::Client, Config::default());
        let mut input = connection.handle_bytes(&mut bytes).unwrap();
        let message = loop {
            if let Some(Event::Message(message)) = connection.poll_event(&mut input).unwrap() {
                break message;
            }
        };
        assert_eq!(message.frames, expected);
    }
}

#[test]
fn control_frames_between_fragments_are_reported_at_once_and_change_nothing() {
    for role in ROLES {
        let key = key_for(role);
        let mut bytes = frame(0x01, "κ".as_bytes(), key);
        bytes.extend(frame(0x89, b"are you there", key));
        bytes.extend(frame(0x00, &[0xcf], key));
        bytes.extend(frame(0x8a, &[0xff; 125], key));
        bytes.extend(frame(0x89, b"", key));
        bytes.extend(frame(0x80, &[0x8c], key));
        let expected = [
            Seen::Ping(b"are you there".to_vec()),
            Seen::Pong(vec![0xff; 125]),
            Seen::Ping(vec![]),
            Seen::Text("κό".as_bytes().to_vec()),
        ];
        let (seen, error) = receive(role, Config::default(), &bytes);
        assert_eq!(error, None);
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_control_frame_cut_at_every_byte_within_a_message_cut_at_every_byte_arrives() {
    let bytes = b"\x02\x02ab\x89\x03xyz\x00\x01c\x8a\x00\x80\x02de";
    for first in 0..bytes.len() {
        for second in first..bytes.len() {
            let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
            recorder.feed_cut(bytes, &[first, second]);
            assert_eq!(
                recorder.seen,
                [
                    Seen::Ping(b"xyz".to_vec()),
                    Seen::Pong(vec![]),
                    Seen::Binary(b"abcde".to_vec())
                ]
            );
        }
    }
}

#[test]
fn a_close_frame_between_fragments_ends_the_connection_without_the_message() {
    let (seen, error) = receive(
        Role::Client,
        Config::default(),
        b"\x01\x01a\x88\x02\x03\xe8\x80\x01b",
    );
    assert_eq!(seen, [Seen::Close(1000, b"\x03\xe8".to_vec())]);
    assert_eq!(error, None);
}

#[test]
fn a_message_out_of_place_is_refused() {
    let opcode = Some(ErrorKind::InvalidOpcode);
    assert_eq!(error_of(b"\x00\x01a"), opcode, "nothing to continue");
    assert_eq!(error_of(b"\x81\x01a\x80\x01a"), opcode, "already ended");
    assert_eq!(error_of(b"\x01\x01a\x81\x01b"), opcode, "not ended yet");
    assert_eq!(error_of(b"\x01\x01a\x02\x01b"), opcode, "not ended yet");
    assert_eq!(error_of(b"\x01\x01a\x89\x00\x80\x01b\x80\x00"), opcode);
}

#[test]
fn a_ping_of_125_bytes_passes_and_one_of_126_does_not() {
    let ping = [7; 126];
    assert_eq!(error_of(&frame(0x89, &ping[..125], None)), None);
    assert_eq!(
        error_of(&frame(0x89, &ping, None)),
        Some(ErrorKind::InvalidControlPayloadLength)
    );
}

#[test]
fn a_payload_whole_in_its_chunk_is_a_range_of_it_and_unmasked_there() {
    let mut bytes = frame(0x81, b"Hello", Some(KEY));
    bytes.extend(frame(0x89, b"ping", Some(KEY)));
    let mut connection: Connection = Connection::new(Role::Server, Config::default());
    let mut input = connection.handle_bytes(&mut bytes).unwrap();
    match connection.poll_event(&mut input).unwrap() {
        Some(Event::Message(message)) => assert_eq!(message.payload, Payload::Input(6..11)),
        other => panic!("{other:?}"),
    }
    assert_eq!(input.position(), 11);
    match connection.poll_event(&mut input).unwrap() {
        Some(Event::Ping(payload)) => assert_eq!(payload, Payload::Input(17..21)),
        other => panic!("{other:?}"),
    }
    assert_eq!(input.position(), 21);
    assert!(connection.poll_event(&mut input).unwrap().is_none());
    assert_eq!(bytes[6..11], *b"Hello");
    assert_eq!(bytes[17..], *b"ping");
}

#[test]
fn twenty_thousand_empty_messages_in_one_chunk_are_that_many_events() {
    let (seen, error) = receive(
        Role::Client,
        Config::default(),
        &[0x81, 0x00].repeat(20_000),
    );
    assert_eq!(error, None);
    assert_eq!(seen, vec![Seen::Text(vec![]); 20_000]);
}

#[test]
fn after_an_error_nothing_more_is_read() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    assert!(!recorder.feed(b"\x81\x01a\x83\x00\x81\x01b"));
    assert_eq!(recorder.seen, [Seen::Text(b"a".to_vec())]);
    assert!(recorder.connection.is_done());
    let mut bytes = *b"\x81\x01c\x00";
    let mut input = recorder.connection.handle_bytes(&mut bytes).unwrap();
    let event = recorder.connection.poll_event(&mut input).unwrap();
    assert_eq!((event, input.position()), (None, 4));
}

#[test]
fn message_len_and_open_frames_follow_the_open_message() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    let state = |recorder: &Recorder| {
        let connection = &recorder.connection;
        (connection.message_len(), connection.open_frames())
    };
    assert!(recorder.feed(b"\x02\x05ab"));
    assert_eq!(state(&recorder), (5, 0), "counted when announced");
    assert!(recorder.feed(b"cde\x89\x03xyz"));
    assert_eq!(state(&recorder), (5, 1), "a ping does not count");
    assert!(recorder.feed(b"\x00\x02fg"));
    assert_eq!(state(&recorder), (7, 2));
    assert!(recorder.feed(b"\x80\x00"));
    assert_eq!(state(&recorder), (0, 0));
}

#[test]
fn random_streams_cut_at_random_places_give_what_was_put_in() {
    let mut random = Random::new(3);
    for round in 0..3_000 {
        let role = random.pick(&ROLES);
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..1 + random.below(5) {
            let len = random.pick(&[0, 1, 5, 125, 126, 300]);
            let payload = random.bytes(len);
            let frames = 1 + random.below(4);
            let mut start = 0;
            for index in 0..frames {
                let last = index + 1 == frames;
                let end = if last {
                    len
                } else {
                    start + random.below(len - start + 1)
                };
                let opcode = if index == 0 { 2 } else { 0 };
                let key = key_for(role).map(|_| (random.next() as u32).to_be_bytes());
                let fin = if last { 0x80 } else { 0 };
                bytes.extend(frame(fin | opcode, &payload[start..end], key));
                start = end;
                if !last && random.below(3) == 0 {
                    bytes.extend(frame(0x89, b"p", key));
                    expected.push(Seen::Ping(b"p".to_vec()));
                }
            }
            expected.push(Seen::Binary(payload));
        }
        let longest = random.pick(&[1, 3, 20, 500]);
        let cuts = random.cuts(bytes.len(), longest);
        let mut recorder: Recorder = Recorder::new(role, Config::default());
        recorder.feed_cut(&bytes, &cuts);
        assert_eq!(recorder.failure, None);
        assert_eq!(recorder.seen, expected, "round {round}");
    }
}
