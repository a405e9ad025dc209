//! The connection can stop after each event and go on later, and does not care how bytes are cut.

mod support;

use support::{ROLES, Random, Recorder, Seen, frame, key_for};
use ws_rs_protocol::{Config, Connection, Event, Inflated, Inflater, Input, Payload, Role};

const COMPRESSION: Config = Config {
    max_payload: 1 << 20,
    max_fragments: 100,
    max_buffered_chunks: 0,
    compression: true,
    skip_utf8_validation: false,
};

/// Every kind of event, compressed and fragmented messages among them.
fn stream(role: Role) -> Vec<u8> {
    let key = key_for(role);
    let mut bytes = frame(0x81, b"Hello", key);
    bytes.extend(frame(0x02, b"\x00\x01", key));
    bytes.extend(frame(0x89, b"ping", key));
    bytes.extend(frame(0x80, b"\x02", key));
    // "Hello" compressed, then again with context takeover: RFC 7692, section 7.2.3.2.
    bytes.extend(frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00", key));
    bytes.extend(frame(0xc1, b"\xf2\x00\x11\x00\x00", key));
    bytes.extend(frame(0x42, b"\xf2", key));
    bytes.extend(frame(0x8a, b"", key));
    bytes.extend(frame(0x00, b"", key));
    bytes.extend(frame(0x80, b"\x00\x11\x00\x00", key));
    bytes.extend(frame(0x82, &[9; 130], key));
    bytes.extend(frame(0x88, b"\x03\xe8bye", key));
    bytes.extend(b"\xff\xff");
    bytes
}

fn events() -> Vec<Seen> {
    vec![
        Seen::Text(b"Hello".to_vec()),
        Seen::Ping(b"ping".to_vec()),
        Seen::Binary(b"\x00\x01\x02".to_vec()),
        Seen::Text(b"Hello".to_vec()),
        Seen::Text(b"Hello".to_vec()),
        Seen::Pong(vec![]),
        Seen::Binary(b"Hello".to_vec()),
        Seen::Binary(vec![9; 130]),
        Seen::Close(1000, b"\x03\xe8bye".to_vec()),
    ]
}

fn check(role: Role, cuts: &[usize]) {
    let bytes = stream(role);
    let mut recorder: Recorder = Recorder::new(role, COMPRESSION);
    recorder.feed_cut(&bytes, cuts);
    assert_eq!(recorder.failure, None, "cut at {cuts:?}");
    assert_eq!(recorder.seen, events(), "cut at {cuts:?}");
    assert_eq!(recorder.ends[1], [2, 3], "cut at {cuts:?}");
}

#[test]
fn one_chunk_and_single_bytes_give_the_same_events() {
    for role in ROLES {
        check(role, &[]);
        check(role, &(1..stream(role).len()).collect::<Vec<_>>());
    }
}

#[test]
fn two_and_three_chunks_cut_anywhere_give_the_same_events() {
    for role in ROLES {
        let len = stream(role).len();
        for i in 0..len {
            for j in (i..len).step_by(3) {
                check(role, &[i, j]);
            }
        }
    }
}

#[test]
fn random_chunks_give_the_same_events() {
    let mut random = Random::new(4);
    for _ in 0..2_000 {
        let role = random.pick(&ROLES);
        let longest = random.pick(&[2, 5, 30]);
        let cuts = random.cuts(stream(role).len(), longest);
        check(role, &cuts);
    }
}

#[test]
fn a_chunk_left_after_each_event_is_taken_up_where_it_was() {
    for role in ROLES {
        let mut bytes = stream(role);
        let mut recorder: Recorder = Recorder::new(role, COMPRESSION);
        let mut position = recorder
            .connection
            .handle_bytes(&mut bytes)
            .unwrap()
            .position();
        loop {
            // A new `Input` each time, as if the event loop had turned in between.
            let mut input = Input::resume(&mut bytes, position);
            if !recorder.step(&mut input).unwrap() {
                assert_eq!(input.position(), bytes.len());
                break;
            }
            assert!(input.position() > position, "each event takes bytes");
            position = input.position();
        }
        assert_eq!(recorder.seen, events());
    }
}

#[test]
fn a_connection_with_a_half_read_frame_can_move_to_other_chunks() {
    let bytes = stream(Role::Server);
    for cut in 1..bytes.len() {
        let mut recorder: Recorder = Recorder::new(Role::Server, COMPRESSION);
        assert!(recorder.feed(&bytes[..cut]));
        let mut moved = Box::new(recorder);
        assert!(moved.feed(&bytes[cut..]));
        assert_eq!(moved.seen, events());
    }
}

#[test]
fn inflating_may_wait_and_no_event_comes_before() {
    let mut connection: Connection = Connection::new(Role::Client, COMPRESSION);
    let mut inflater = Inflater::new(15, Vec::new());
    let mut bytes = *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x81\x01a";
    let mut input = connection.handle_bytes(&mut bytes).unwrap();
    let Some(Event::Compressed(frame)) = connection.poll_event(&mut input).unwrap() else {
        panic!("a compressed frame comes first");
    };
    assert!(connection.is_inflating() && frame.fin);
    let position = input.position();
    assert_eq!(frame.payload, Payload::Input(2..9));
    let mut out = Vec::new();
    inflater
        .decompress(&bytes[2..9], true, None, &mut out)
        .unwrap();
    assert_eq!(
        connection.handle_inflated(&out).unwrap(),
        Inflated::Whole { binary: false }
    );
    assert_eq!(out, b"Hello");
    let mut input = Input::resume(&mut bytes, position);
    assert!(matches!(
        connection.poll_event(&mut input).unwrap(),
        Some(Event::Message(_))
    ));
}

#[test]
#[should_panic(expected = "handle_inflated must be called before the next event")]
fn polling_while_inflating_panics() {
    let mut connection: Connection = Connection::new(Role::Client, COMPRESSION);
    let mut bytes = *b"\xc1\x01\x00";
    let mut input = connection.handle_bytes(&mut bytes).unwrap();
    let _ = connection.poll_event(&mut input);
    let _ = connection.poll_event(&mut input);
}

#[test]
#[should_panic(expected = "handle_inflated answers a compressed frame")]
fn inflated_bytes_unasked_for_panic() {
    let mut connection: Connection = Connection::new(Role::Client, COMPRESSION);
    let _ = connection.handle_inflated(b"");
}

#[test]
fn an_empty_chunk_changes_nothing() {
    let bytes = stream(Role::Server);
    let mut recorder: Recorder = Recorder::new(Role::Server, COMPRESSION);
    for byte in bytes.chunks(1) {
        assert!(recorder.feed(byte));
        let held = recorder.connection.held_bytes();
        assert!(recorder.feed(b""));
        assert_eq!(recorder.connection.held_bytes(), held);
    }
    assert_eq!(recorder.seen, events());
}

#[test]
fn resuming_beyond_the_chunk_reads_nothing() {
    let mut connection: Connection = Connection::new(Role::Client, COMPRESSION);
    let mut bytes = *b"\x81\x00";
    let mut input = Input::resume(&mut bytes, 99);
    assert_eq!(input.position(), 2);
    assert_eq!(connection.poll_event(&mut input), Ok(None));
}
