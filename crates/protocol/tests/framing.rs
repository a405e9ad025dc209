//! RFC 6455, section 5.2: frame headers, and the order in which they are checked.

mod support;

use support::{KEY, ROLES, Seen, error_of, frame, key_for, receive, receive_cut};
use ws_rs_protocol::{Config, Connection, Data, ErrorClass, ErrorKind, Role};

const COMPRESSION: Config = Config {
    max_payload: 0,
    max_fragments: 0,
    max_buffered_chunks: 0,
    compression: true,
    skip_utf8_validation: false,
};

/// What the peer of `role` may send.
fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

#[test]
fn payloads_at_every_length_boundary_arrive_whole_at_both_roles() {
    for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1 << 20] {
        let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        for role in ROLES {
            let bytes = frame(0x82, &payload, key_for(role));
            let expected = vec![Seen::Binary(payload.clone())];
            assert_eq!(
                receive(role, Config::default(), &bytes),
                (expected.clone(), None)
            );
            let in_two = receive_cut(role, Config::default(), &bytes, &[bytes.len() / 2]);
            assert_eq!(in_two, (expected, None), "{len} bytes, {role:?}");
        }
    }
}

#[test]
fn frames_sent_at_every_length_boundary_have_the_shortest_header() {
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let payload = vec![0xa5; len];
        for role in ROLES {
            let sender: Connection = Connection::new(other(role), Config::default());
            let mut out = b"before".to_vec();
            let key = key_for(role);
            sender.send_message(Data::Binary, &payload, (true, false), key, &mut out);
            assert_eq!(out[..6], *b"before");
            assert_eq!(out[6..], frame(0x82, &payload, key), "{len} bytes");
        }
    }
}

#[test]
fn what_is_sent_carries_its_opcode_and_bits() {
    let sender: Connection = Connection::new(Role::Server, Config::default());
    let mut out = Vec::new();
    sender.send_message(Data::Text, b"a", (false, false), None, &mut out);
    sender.send_message(Data::Continue, b"b", (true, false), None, &mut out);
    sender.send_message(Data::Text, b"c", (false, true), None, &mut out);
    sender.send_ping(b"d", None, &mut out);
    sender.send_pong(b"", None, &mut out);
    sender.send_close(Some(1001), b"e", None, &mut out);
    sender.send_close(None, b"", None, &mut out);
    assert_eq!(
        out,
        b"\x01\x01a\x80\x01b\x41\x01c\x89\x01d\x8a\x00\x88\x03\x03\xe9e\x88\x00"
    );
}

#[test]
fn a_length_in_a_longer_form_than_needed_is_accepted() {
    for bytes in [
        &b"\x82\x05hello"[..],
        b"\x82\x7e\x00\x05hello",
        b"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x05hello",
    ] {
        let (seen, error) = receive(Role::Client, Config::default(), bytes);
        assert_eq!((seen, error), (vec![Seen::Binary(b"hello".to_vec())], None));
    }
    for bytes in [&b"\x81\x7e\x00\x00"[..], b"\x81\x7f\0\0\0\0\0\0\0\0"] {
        let (seen, error) = receive(Role::Client, Config::default(), bytes);
        assert_eq!((seen, error), (vec![Seen::Text(vec![])], None));
    }
}

#[test]
fn a_control_frame_may_not_use_the_longer_forms_even_for_short_payloads() {
    for (bytes, value) in [
        (&b"\x89\x7e\x00\x01a"[..], 126),
        (b"\x8a\x7f\0\0\0\0\0\0\0\x01a", 127),
        (b"\x88\x7e\x00\x02\x03\xe8", 126),
    ] {
        let (_, error) = receive(Role::Client, Config::default(), bytes);
        let error = error.expect("an error");
        assert_eq!(error.kind, ErrorKind::InvalidControlPayloadLength);
        assert_eq!(error.value, value);
    }
}

#[test]
fn lengths_above_2_to_the_53_minus_1_are_refused_before_the_limit_is_asked() {
    let too_long = Some(ErrorKind::UnsupportedDataPayloadLength);
    assert_eq!(error_of(b"\x82\x7f\x00\x20\0\0\0\0\0\0"), too_long);
    assert_eq!(error_of(b"\x82\x7f\x80\x00\0\0\0\0\0\0"), too_long);
    assert_eq!(
        error_of(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
        too_long
    );
    let longest = b"\x82\x7f\x00\x1f\xff\xff\xff\xff\xff\xff";
    assert_eq!(error_of(longest), Some(ErrorKind::UnsupportedMessageLength));
    let (seen, error) = receive(Role::Client, COMPRESSION, longest);
    assert_eq!((seen, error), (vec![], None), "no limit: it waits");
    let open = b"\x02\x01a\x80\x7f\x00\x1f\xff\xff\xff\xff\xff\xff";
    assert_eq!(receive(Role::Client, COMPRESSION, open), (vec![], None));
}

/// The checks of two first bytes in the contract's order, as a list instead of a `match`.
fn expected_error(
    first: u8,
    second: u8,
    role: Role,
    fragmented: bool,
    compression: bool,
) -> Option<(ErrorKind, u32)> {
    let opcode = first & 0x0f;
    let fin = first & 0x80 != 0;
    let rsv1 = first & 0x40 != 0;
    let len = second & 0x7f;
    let masked = second & 0x80 != 0;
    let continuation = opcode == 0;
    let data = opcode == 1 || opcode == 2;
    let control = (8..=10).contains(&opcode);
    let number = u32::from(opcode);
    let checks = [
        (first & 0x30 != 0, ErrorKind::UnexpectedRsv23, 0),
        (rsv1 && !compression, ErrorKind::UnexpectedRsv1, 0),
        (continuation && rsv1, ErrorKind::UnexpectedRsv1, 0),
        (
            continuation && !fragmented,
            ErrorKind::InvalidOpcode,
            number,
        ),
        (data && fragmented, ErrorKind::InvalidOpcode, number),
        (control && !fin, ErrorKind::ExpectedFin, 0),
        (control && rsv1, ErrorKind::UnexpectedRsv1, 0),
        (
            control && (len > 125 || (opcode == 8 && len == 1)),
            ErrorKind::InvalidControlPayloadLength,
            u32::from(len),
        ),
        (
            !continuation && !data && !control,
            ErrorKind::InvalidOpcode,
            number,
        ),
        (role == Role::Server && !masked, ErrorKind::ExpectedMask, 0),
        (role == Role::Client && masked, ErrorKind::UnexpectedMask, 0),
    ];
    let (_, kind, value) = checks.into_iter().find(|(violated, ..)| *violated)?;
    Some((kind, value))
}

#[test]
fn every_pair_of_first_bytes_meets_the_checks_in_the_order_of_the_contract() {
    for role in ROLES {
        for (fragmented, compression) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let config = Config {
                compression,
                ..COMPRESSION
            };
            for pair in 0..=u16::MAX {
                let [first, second] = pair.to_be_bytes();
                let mut bytes = if fragmented {
                    frame(0x01, b"a", key_for(role))
                } else {
                    Vec::new()
                };
                bytes.extend([first, second]);
                // A second byte that announces a payload or a longer header leaves it incomplete.
                let mut connection: Connection = Connection::new(role, config);
                let mut input = connection.handle_bytes(&mut bytes).expect("no limit");
                let error = connection.poll_event(&mut input).err();
                assert_eq!(
                    error.map(|error| (error.kind, error.value)),
                    expected_error(first, second, role, fragmented, compression),
                    "{first:02x} {second:02x}, {role:?}, {fragmented}, {compression}"
                );
            }
        }
    }
}

#[test]
fn a_frame_that_breaks_several_rules_is_told_the_first() {
    let server = |bytes: &[u8]| {
        let (_, error) = receive(Role::Server, Config::default(), bytes);
        error.map(|error| error.kind)
    };
    // RSV2 and RSV1, reserved opcode, no mask.
    assert_eq!(server(b"\x6f\x7e"), Some(ErrorKind::UnexpectedRsv23));
    // RSV1, reserved opcode, no mask.
    assert_eq!(server(b"\x4f\x7e"), Some(ErrorKind::UnexpectedRsv1));
    // A ping without FIN, of 126 bytes, without a mask.
    assert_eq!(server(b"\x09\x7e"), Some(ErrorKind::ExpectedFin));
    // A ping of 126 bytes without a mask.
    let wrong_length = Some(ErrorKind::InvalidControlPayloadLength);
    assert_eq!(server(b"\x89\x7e"), wrong_length);
    // A text without a mask, longer than 2^53 - 1: the mask comes first, and the length unread.
    assert_eq!(server(b"\x81\x7f"), Some(ErrorKind::ExpectedMask));
}

#[test]
fn the_limit_is_checked_before_the_key_arrives() {
    let config = Config {
        max_payload: 4,
        ..Config::default()
    };
    let (_, error) = receive(Role::Server, config, b"\x82\x85");
    assert_eq!(
        error.map(|error| error.kind),
        Some(ErrorKind::UnsupportedMessageLength)
    );
}

#[test]
fn one_byte_of_a_header_is_not_judged() {
    for first in 0..=u8::MAX {
        for role in ROLES {
            assert_eq!(receive(role, COMPRESSION, &[first]), (vec![], None));
        }
    }
}

#[test]
fn every_key_unmasks_including_the_one_of_zeros() {
    for key in [[0; 4], [0xff; 4], KEY, [0, 0, 0, 1]] {
        let bytes = frame(0x81, b"Hello, world", Some(key));
        let (seen, error) = receive(Role::Server, Config::default(), &bytes);
        assert_eq!(
            (seen, error),
            (vec![Seen::Text(b"Hello, world".to_vec())], None)
        );
    }
}

#[test]
fn every_error_has_the_text_code_and_class_of_the_contract() {
    for (kind, code, close_code, class) in [
        (
            ErrorKind::ExpectedFin,
            "EXPECTED_FIN",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::ExpectedMask,
            "EXPECTED_MASK",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::UnexpectedMask,
            "UNEXPECTED_MASK",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::UnexpectedRsv1,
            "UNEXPECTED_RSV_1",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::UnexpectedRsv23,
            "UNEXPECTED_RSV_2_3",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::InvalidOpcode,
            "INVALID_OPCODE",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::InvalidControlPayloadLength,
            "INVALID_CONTROL_PAYLOAD_LENGTH",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::InvalidCloseCode,
            "INVALID_CLOSE_CODE",
            1002,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::InvalidUtf8,
            "INVALID_UTF8",
            1007,
            ErrorClass::Error,
        ),
        (
            ErrorKind::UnsupportedDataPayloadLength,
            "UNSUPPORTED_DATA_PAYLOAD_LENGTH",
            1009,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::UnsupportedMessageLength,
            "UNSUPPORTED_MESSAGE_LENGTH",
            1009,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::TooManyFragments,
            "TOO_MANY_BUFFERED_PARTS",
            1008,
            ErrorClass::RangeError,
        ),
        (
            ErrorKind::TooManyBufferedChunks,
            "TOO_MANY_BUFFERED_PARTS",
            1008,
            ErrorClass::RangeError,
        ),
    ] {
        let info = kind.info();
        assert_eq!(info.code.strip_prefix("WS_ERR_"), Some(code));
        assert_eq!((info.close_code, info.class), (close_code, class), "{code}");
    }
    let numbers: Vec<u8> = ErrorKind::ALL.iter().map(|kind| *kind as u8).collect();
    assert_eq!(numbers, (1..=13).collect::<Vec<u8>>());
    for (bytes, text) in [
        (
            &b"\x83\x00"[..],
            "Invalid WebSocket frame: invalid opcode 3",
        ),
        (b"\x80\x00", "Invalid WebSocket frame: invalid opcode 0"),
        (b"\x09\x00", "Invalid WebSocket frame: FIN must be set"),
        (b"\xc1\x00", "Invalid WebSocket frame: RSV1 must be clear"),
        (
            b"\x91\x00",
            "Invalid WebSocket frame: RSV2 and RSV3 must be clear",
        ),
        (b"\x81\x80", "Invalid WebSocket frame: MASK must be clear"),
        (
            b"\x88\x01",
            "Invalid WebSocket frame: invalid payload length 1",
        ),
        (
            b"\x88\x02\x03\xec",
            "Invalid WebSocket frame: invalid status code 1004",
        ),
        (
            b"\x81\x01\xff",
            "Invalid WebSocket frame: invalid UTF-8 sequence",
        ),
        (
            b"\x82\x7f\xff\0\0\0\0\0\0\0",
            "Unsupported WebSocket frame: payload length > 2^53 - 1",
        ),
        (b"\x82\x7f\0\0\0\xff\0\0\0\0", "Max payload size exceeded"),
    ] {
        let (_, error) = receive(Role::Client, Config::default(), bytes);
        assert_eq!(error.expect("an error").to_string(), text);
    }
}
