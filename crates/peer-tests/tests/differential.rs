//! The same bytes to both implementations: valid streams give the same events, and what
//! tungstenite refuses we refuse.

mod support;

use support::{ROLES, Random, Seen, frame, key_for, ours, run, theirs};
use tokio_tungstenite::tungstenite::Error;
use ws_rs_protocol::{Config, Connection, Role};

/// Up to six messages, fragmented, with control frames between the frames; perhaps a close frame.
fn valid_stream(random: &mut Random, role: Role) -> Vec<u8> {
    let texts: [&[u8]; 6] = [
        b"",
        b"a",
        "κόσμε".as_bytes(),
        "\u{10ffff}\u{800}".as_bytes(),
        &[b'x'; 126],
        &[b'y'; 300],
    ];
    let mut bytes = Vec::new();
    let mut push = |random: &mut Random, first: u8, payload: &[u8]| {
        let key = key_for(role).map(|_| [(); 4].map(|()| random.below(256) as u8));
        bytes.extend(frame(first, payload, key));
    };
    for _ in 0..1 + random.below(6) {
        let opcode = random.pick(&[1, 2]);
        let mut rest: &[u8] = random.pick(&texts);
        let frames = random.pick(&[1, 1, 2, 3, 6]);
        for index in 0..frames {
            let last = index + 1 == frames;
            let len = if last {
                rest.len()
            } else {
                random.below(rest.len() + 1)
            };
            let (part, tail) = rest.split_at(len);
            rest = tail;
            let fin = if last { 0x80 } else { 0 };
            push(random, fin | if index == 0 { opcode } else { 0 }, part);
            if random.below(4) == 0 {
                let len = random.pick(&[0, 1, 125]);
                let payload = random.bytes(len);
                let first = random.pick(&[0x89, 0x8a]);
                push(random, first, &payload);
            }
        }
    }
    if random.below(3) == 0 {
        let close: &[u8] = random.pick(&[&b""[..], b"\x03\xe8", b"\x0f\xa0bye"]);
        push(random, 0x88, close);
    }
    bytes
}

#[test]
fn valid_streams_chopped_at_random_places_decode_alike() {
    let mut random = Random(1);
    for round in 0..5_000 {
        let role = random.pick(&ROLES);
        let bytes = valid_stream(&mut random, role);
        let longest = random.pick(&[1, 2, 7, 100, 5_000]);
        let chunks = random.chop(&bytes, longest);
        let (seen, error) = ours(role, &chunks);
        assert!(error.is_none(), "round {round}: {error:?}");
        assert!(!seen.is_empty());
        let (expected, error) = theirs(role, &chunks);
        assert!(error.is_none(), "round {round}: {error:?}");
        assert_eq!(seen, expected, "round {round}");
    }
}

#[test]
fn what_tungstenite_refuses_in_spoilt_streams_we_refuse_after_the_same_events() {
    let mut random = Random(2);
    let mut refusals = 0;
    for round in 0..10_000 {
        let role = random.pick(&ROLES);
        let mut bytes = valid_stream(&mut random, role);
        for _ in 0..1 + random.below(2) {
            let at = random.below(bytes.len().min(60));
            bytes[at] ^= 1 << random.below(8);
        }
        let longest = random.pick(&[1, 9, 5_000]);
        let chunks = random.chop(&bytes, longest);
        let (expected, their_error) = theirs(role, &chunks);
        let mut connection: Connection = Connection::new(role, Config::default());
        let (seen, our_error) = run(&mut connection, &chunks);
        if let Some(error) = &their_error {
            refusals += 1;
            let waits = connection.message_len() > 0 || connection.held_bytes() > 0;
            let excused = match error {
                // Text is judged when its message is complete, as in `ws`; this one is not yet.
                Error::Utf8(_) => waits,
                // What follows a close frame is ignored.
                _ => matches!(seen.last(), Some(Seen::Close(..))),
            };
            assert!(our_error.is_some() || excused, "round {round}: {error:?}");
        }
        // Either may refuse earlier than the other; up to there they agree.
        let common = seen.len().min(expected.len());
        for (ours, theirs) in seen[..common].iter().zip(&expected) {
            // tungstenite replaces a close code that it does not allow, without an error.
            if !matches!(theirs, Seen::Close(1002, _)) {
                assert_eq!(ours, theirs, "round {round}");
            }
        }
        if our_error.is_none() && their_error.is_none() {
            assert_eq!(seen.len(), expected.len(), "round {round}");
        }
    }
    assert!(refusals > 2_000, "{refusals}");
}

#[test]
fn each_way_to_break_the_protocol_is_refused_by_both() {
    for (name, first, payload) in [
        ("RSV1", 0xc1, &b"a"[..]),
        ("RSV2", 0xa1, b"a"),
        ("RSV3", 0x91, b"a"),
        ("a reserved data opcode", 0x83, b"a"),
        ("a reserved control opcode", 0x8b, b"a"),
        ("a continuation of nothing", 0x80, b"a"),
        ("a fragmented ping", 0x09, b"a"),
        ("a ping of 126 bytes", 0x89, &[7; 126]),
        ("a close frame of one byte", 0x88, b"\x03"),
        ("text that is not UTF-8", 0x81, b"a\xff"),
        ("a reason that is not UTF-8", 0x88, b"\x03\xe8\xff"),
    ] {
        for role in ROLES {
            let bytes = frame(first, payload, key_for(role));
            assert!(theirs(role, &[&bytes]).1.is_some(), "{name}: theirs");
            assert!(ours(role, &[&bytes]).1.is_some(), "{name}: ours");
        }
    }
    for role in ROLES {
        let wrong_key = match role {
            Role::Client => Some([1, 2, 3, 4]),
            Role::Server => None,
        };
        let bytes = frame(0x81, b"a", wrong_key);
        assert!(theirs(role, &[&bytes]).1.is_some());
        assert!(ours(role, &[&bytes]).1.is_some());
        let mut interrupted = frame(0x01, b"a", key_for(role));
        interrupted.extend(frame(0x81, b"b", key_for(role)));
        assert!(theirs(role, &[&interrupted]).1.is_some());
        assert!(ours(role, &[&interrupted]).1.is_some());
    }
}

#[test]
fn the_differences_are_these() {
    // A close code that may not be sent: we fail with 1002, tungstenite reports 1002 as an event.
    let bytes = b"\x88\x02\x03\xec";
    assert!(ours(Role::Client, &[bytes]).1.is_some());
    let (seen, error) = theirs(Role::Client, &[bytes]);
    assert!(error.is_none());
    assert!(matches!(seen[..], [Seen::Close(1002, _)]));

    // 2000 to 2999 are reserved for extensions and refused here, as `ws` does.
    let bytes = b"\x88\x02\x07\xd0";
    assert!(ours(Role::Client, &[bytes]).1.is_some());
    assert!(theirs(Role::Client, &[bytes]).1.is_none());

    // A control frame in a longer form than needed: `ws` looks at the 7-bit length.
    let bytes = b"\x89\x7e\x00\x01a";
    assert!(ours(Role::Client, &[bytes]).1.is_some());
    let (seen, error) = theirs(Role::Client, &[bytes]);
    assert_eq!(
        (seen, error.is_none()),
        (vec![Seen::Ping(b"a".to_vec())], true)
    );
}
