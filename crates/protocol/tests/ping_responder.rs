//! Pings that are answered by whom does not decode what comes.

mod support;

use support::{KEY, frame};
use ws_rs_protocol::{Config, PingResponder};

const ANSWER: &[u8] = b"HTTP/1.1 101 Switching\r\n\rProtocols\r\nUpgrade: websocket\r\n\r\n";

fn opened() -> PingResponder {
    opened_with(Config {
        compression: true,
        ..Config::default()
    })
}

fn opened_with(config: Config) -> PingResponder {
    let mut responder = PingResponder::new(config);
    assert!(!responder.can_answer());
    responder.written(ANSWER);
    assert!(responder.can_answer());
    responder
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, Some(KEY))
}

fn read(responder: &mut PingResponder, bytes: &[u8]) -> (usize, Vec<u8>) {
    let mut answers = Vec::new();
    let count = responder.read(bytes, &mut answers);
    (count, answers)
}

#[test]
fn each_ping_between_frames_and_fragments_is_answered_with_its_payload() {
    let bytes = [
        masked(0x81, b"text"),
        masked(0x89, b"one"),
        masked(0x02, &vec![7; 70_000]),
        masked(0x89, b""),
        masked(0x80, &vec![9; 300]),
        masked(0x8a, b"a pong of its own"),
        masked(0xc1, b"compressed"),
        masked(0x89, &[5; 125]),
    ]
    .concat();
    let mut expected = [frame(0x8a, b"one", None), frame(0x8a, b"", None)].concat();
    expected.extend(frame(0x8a, &[5; 125], None));
    assert_eq!(read(&mut opened(), &bytes), (3, expected.clone()));

    // However it is cut.
    for step in [1, 2, 3, 7, 1000, 65_536] {
        let mut responder = opened();
        let mut all = (0, Vec::new());
        for piece in bytes.chunks(step) {
            let (count, answers) = read(&mut responder, piece);
            all.0 += count;
            all.1.extend(answers);
        }
        assert_eq!(all, (3, expected.clone()), "{step} bytes at once");
    }
}

#[test]
fn nothing_is_answered_within_a_frame_that_is_half_written() {
    let mut responder = opened();
    let message = frame(0x82, &[1; 300], None);
    for (at, byte) in message.iter().enumerate() {
        assert_eq!(responder.can_answer(), at == 0, "behind {at} bytes");
        responder.written(&[*byte]);
    }
    assert!(responder.can_answer());
    responder.written(&[frame(0x01, b"", None), frame(0x80, b"x", None)].concat());
    assert!(responder.can_answer());
}

#[test]
fn nothing_is_answered_before_the_handshake_is() {
    let mut responder = PingResponder::new(Config::default());
    for (at, byte) in ANSWER.iter().enumerate() {
        assert!(!responder.can_answer(), "behind {at} bytes");
        responder.written(&[*byte]);
    }
    assert!(responder.can_answer());
}

#[test]
fn a_close_frame_in_either_direction_is_the_end_of_answers() {
    let mut responder = opened();
    let bytes = [masked(0x89, b"a"), masked(0x88, b""), masked(0x89, b"b")].concat();
    assert_eq!(read(&mut responder, &bytes), (1, frame(0x8a, b"a", None)));
    assert!(!responder.can_answer());

    let mut responder = opened();
    responder.written(&frame(0x88, &[3, 232], None));
    assert!(!responder.can_answer());
}

#[test]
fn a_peer_that_breaks_the_rules_is_not_answered_any_more() {
    for wrong in [
        frame(0x89, b"not masked", None),
        frame(0x82, b"not masked", None),
        masked(0x09, b"a fragment"),
        masked(0xc9, b"compressed"),
        masked(0x89, &[0; 126]),
        masked(0xa1, b"reserved bits"),
        masked(0x83, b"a reserved opcode"),
        masked(0x8b, b"another"),
        masked(0x80, b"a continuation of nothing"),
        [masked(0x01, b"a message"), masked(0x81, b"within it")].concat(),
        [
            masked(0x01, b"a message"),
            masked(0xc0, b"compressed later"),
        ]
        .concat(),
    ] {
        let mut responder = opened();
        let bytes = [wrong, masked(0x89, b"behind")].concat();
        assert_eq!(read(&mut responder, &bytes), (0, Vec::new()));
        assert!(!responder.can_answer());
    }
}

#[test]
fn a_message_beyond_the_limits_is_the_end_of_answers() {
    let config = Config {
        max_payload: 10,
        max_fragments: 3,
        ..Config::default()
    };
    let few = [masked(0x02, &[0; 5]), masked(0x80, &[0; 5])].concat();
    let long = [masked(0x02, &[0; 5]), masked(0x80, &[0; 6])].concat();
    let mut many = masked(0x02, b"");
    many.extend([masked(0x00, b""), masked(0x00, b""), masked(0x00, b"")].concat());
    for (bytes, count) in [
        (few, 1),
        (long, 0),
        (many, 0),
        (masked(0x82, &[0; 11]), 0),
        (masked(0xc2, b"compressed"), 0),
    ] {
        let bytes = [bytes, masked(0x89, b"behind")].concat();
        assert_eq!(read(&mut opened_with(config), &bytes).0, count);
    }
}

#[test]
fn nothing_is_answered_as_long_as_somebody_else_owes_a_pong() {
    let mut responder = opened();
    responder.leave(2);
    assert!(!responder.can_answer());
    responder.written(&frame(0x8a, b"", None));
    assert!(!responder.can_answer());
    responder.written(&frame(0x82, b"", None));
    assert!(!responder.can_answer());
    responder.written(&frame(0x8a, b"x", None));
    assert!(responder.can_answer());
}

#[test]
fn a_silent_one_knows_when_a_ping_may_be_sent_and_answers_none() {
    let mut responder = PingResponder::silent(Config::default());
    assert!(!responder.can_ask());
    responder.written(ANSWER);
    assert!(responder.can_ask());
    let pings = [masked(0x89, b"one"), vec![0xff; 100]].concat();
    assert_eq!(read(&mut responder, &pings), (0, Vec::new()));
    assert!(responder.can_ask());
    responder.written(&frame(0x82, &[1; 300], None)[..200]);
    assert!(!responder.can_ask());
    responder.written(&[1; 104]);
    assert!(responder.can_ask());
    responder.written(&frame(0x88, b"", None));
    assert!(!responder.can_ask());
}

#[test]
fn a_silent_one_may_begin_between_frames() {
    let mut responder = PingResponder::silent_between_frames(Config::default());
    assert!(responder.can_ask());
    responder.written(&[0x82]);
    assert!(!responder.can_ask());
}

#[test]
fn who_owes_a_pong_may_ask_and_who_is_closing_may_not() {
    let mut responder = opened();
    responder.leave(1);
    assert!(responder.can_ask());
    read(&mut responder, &masked(0x88, &[3, 232]));
    assert!(!responder.can_ask());
}

#[test]
fn only_the_pong_that_was_asked_for_is_an_answer_and_only_as_a_whole() {
    let pong = masked(0x8a, b"token!");
    let mut responder = opened();
    assert!(responder.is_answer(&pong, b"token!"));
    for bytes in [
        masked(0x8a, b"token?"),
        masked(0x8a, b"token"),
        masked(0x89, b"token!"),
        masked(0x0a, b"token!"),
        frame(0x8a, b"token!", None),
        pong[..11].to_vec(),
        [&pong[..], &[0x81]].concat(),
        Vec::new(),
    ] {
        assert!(!responder.is_answer(&bytes, b"token!"), "{bytes:x?}");
    }
    let message = masked(0x02, &[1; 20]);
    read(&mut responder, &message[..15]);
    assert!(!responder.is_answer(&pong, b"token!"), "it is a payload");
    read(&mut responder, &message[15..]);
    assert!(responder.is_answer(&pong, b"token!"), "between fragments");
    read(&mut responder, &masked(0x88, &[3, 232]));
    assert!(
        !responder.is_answer(&pong, b"token!"),
        "behind a close frame"
    );
    let mut silent = PingResponder::silent(Config::default());
    silent.written(ANSWER);
    assert!(
        !silent.is_answer(&pong, b"token!"),
        "nobody knows what it is"
    );
}
