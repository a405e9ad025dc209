//! RFC 6455, sections 5.5.1 and 7.4: close frames and their status codes.

mod support;

use support::{KEY, Recorder, Seen, error_of, frame, receive, receive_cut};
use ws_rs_protocol::{Config, Connection, ErrorKind, Role, is_valid_close_code};

/// The contract's ranges: 1000-1014 without 1004, 1005 and 1006; 3000-4999.
fn valid(code: u16) -> bool {
    let defined = (1000..1015).contains(&code) && ![1004, 1005, 1006].contains(&code);
    defined || (3000..5000).contains(&code)
}

#[test]
fn all_65536_codes_are_accepted_or_refused_as_the_contract_says() {
    for code in 0..=u16::MAX {
        assert_eq!(is_valid_close_code(code), valid(code), "{code}");
        let [high, low] = code.to_be_bytes();
        let (seen, error) = receive(Role::Client, Config::default(), &[0x88, 2, high, low]);
        if valid(code) {
            assert_eq!(seen, [Seen::Close(code, vec![high, low])]);
            assert_eq!(error, None);
        } else {
            let error = error.expect("an error");
            assert_eq!(error.kind, ErrorKind::InvalidCloseCode, "{code}");
            assert_eq!(error.value, u32::from(code));
            assert_eq!(seen, []);
        }
    }
}

#[test]
fn an_empty_close_frame_means_1005() {
    let (seen, error) = receive(Role::Client, Config::default(), b"\x88\x00");
    assert_eq!((seen, error), (vec![Seen::Close(1005, vec![])], None));
}

#[test]
fn a_close_frame_of_one_byte_is_refused() {
    assert_eq!(
        error_of(b"\x88\x01\x03"),
        Some(ErrorKind::InvalidControlPayloadLength)
    );
}

#[test]
fn a_reason_of_up_to_123_bytes_comes_with_its_code() {
    for len in [0, 1, 122, 123] {
        let mut payload = vec![0x03, 0xe9];
        payload.extend(vec![b'r'; len]);
        let bytes = frame(0x88, &payload, Some(KEY));
        let expected = vec![Seen::Close(1001, payload)];
        for cut in 0..bytes.len() {
            assert_eq!(
                receive_cut(Role::Server, Config::default(), &bytes, &[cut]),
                (expected.clone(), None),
                "{len} bytes cut at {cut}"
            );
        }
    }
}

#[test]
fn a_reason_that_is_not_utf8_is_refused_unless_the_check_is_skipped() {
    let bytes = b"\x88\x05\x03\xe8a\xc3\x28";
    assert_eq!(error_of(bytes), Some(ErrorKind::InvalidUtf8));
    let cut_sequence = b"\x88\x03\x03\xe8\xc3";
    assert_eq!(error_of(cut_sequence), Some(ErrorKind::InvalidUtf8));
    let config = Config {
        skip_utf8_validation: true,
        ..Config::default()
    };
    let (seen, error) = receive(Role::Client, config, bytes);
    assert_eq!(error, None);
    assert_eq!(seen, [Seen::Close(1000, b"\x03\xe8a\xc3\x28".to_vec())]);
}

#[test]
fn a_wrong_code_is_told_before_a_wrong_reason() {
    assert_eq!(
        error_of(b"\x88\x03\x03\xee\xff"),
        Some(ErrorKind::InvalidCloseCode)
    );
}

#[test]
fn data_after_a_close_frame_is_ignored_in_its_chunk_and_later() {
    let mut recorder: Recorder = Recorder::new(Role::Client, Config::default());
    assert!(recorder.feed(b"\x88\x02\x03\xe8\x81\x01a\x83"));
    assert!(recorder.connection.is_done());
    assert!(recorder.feed(b"\x81\x01b\xff\xff\xff"));
    assert_eq!(recorder.seen, [Seen::Close(1000, b"\x03\xe8".to_vec())]);
}

#[test]
fn close_frames_are_sent_with_code_and_reason_or_empty() {
    let server: Connection = Connection::new(Role::Server, Config::default());
    for (code, reason, expected) in [
        (None, &b""[..], &b"\x88\x00"[..]),
        (Some(1000), b"", b"\x88\x02\x03\xe8"),
        (Some(4999), b"bye", b"\x88\x05\x13\x87bye"),
    ] {
        let mut out = Vec::new();
        server.send_close(code, reason, None, &mut out);
        assert_eq!(out, expected);
        let (seen, error) = receive(Role::Client, Config::default(), &out);
        assert_eq!(error, None);
        let payload = expected[2..].to_vec();
        assert_eq!(seen, [Seen::Close(code.unwrap_or(1005), payload)]);
    }
}

#[test]
fn a_masked_close_frame_is_sent_by_a_client() {
    let client: Connection = Connection::new(Role::Client, Config::default());
    let mut out = Vec::new();
    client.send_close(Some(1000), b"bye", Some(KEY), &mut out);
    assert_eq!(out, frame(0x88, b"\x03\xe8bye", Some(KEY)));
}
