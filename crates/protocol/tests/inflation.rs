//! The decompressor against hostile input: bombs, corrupt streams, ended streams, exact limits.

mod support;

use std::time::{Duration, Instant};

use support::Random;
use ws_rs_protocol::{CompressionError, DeflateOptions, Deflater, Inflater};

fn compress(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // The longest blocks make the steepest bombs.
    let mut deflater = Deflater::new(DeflateOptions {
        mem_level: 9,
        ..DeflateOptions::default()
    });
    deflater.compress(payload, true, &mut out).unwrap();
    out
}

fn inflate(bytes: &[u8], limit: Option<usize>) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    let mut inflater = Inflater::new(15, Vec::new());
    inflater.decompress(bytes, true, limit, &mut out)?;
    Ok(out)
}

#[test]
fn the_limit_is_exact_for_every_length_around_a_step() {
    for len in [
        0, 1, 49, 50, 255, 256, 257, 1_023, 1_024, 16_383, 16_384, 16_385, 40_000,
    ] {
        for payload in [vec![b'a'; len], Random::new(10).bytes(len)] {
            let bytes = compress(&payload);
            assert_eq!(inflate(&bytes, Some(len)), Ok(payload.clone()));
            assert_eq!(inflate(&bytes, Some(len + 1)), Ok(payload.clone()));
            assert_eq!(inflate(&bytes, None), Ok(payload));
            if len > 0 {
                let result = inflate(&bytes, Some(len - 1));
                assert_eq!(result, Err(CompressionError::TooLong), "{len} bytes");
            }
        }
    }
}

#[test]
fn a_limit_of_no_bytes_lets_empty_messages_through() {
    assert_eq!(inflate(b"\x00", Some(0)), Ok(vec![]));
    let result = inflate(&compress(b"a"), Some(0));
    assert_eq!(result, Err(CompressionError::TooLong));
}

#[test]
fn the_limit_counts_what_is_appended_not_what_was_there() {
    let mut out = vec![7; 1_000];
    let mut inflater = Inflater::new(15, Vec::new());
    let bytes = compress(b"hello");
    inflater
        .decompress(&bytes, true, Some(5), &mut out)
        .unwrap();
    assert_eq!(out.len(), 1_005);
}

#[test]
fn every_room_that_the_output_has_holds_the_same_bytes() {
    let payload = Random::new(11).bytes(300);
    let bytes = compress(&payload);
    for capacity in 0..700 {
        let mut out = Vec::with_capacity(capacity);
        let mut inflater = Inflater::new(15, Vec::new());
        inflater
            .decompress(&bytes, true, Some(300), &mut out)
            .unwrap();
        assert_eq!(out, payload, "room for {capacity} bytes");
        inflater
            .decompress(b"\x00", true, Some(0), &mut out)
            .unwrap();
        assert_eq!(out.len(), 300, "nothing is left behind");
    }
}

/// A stream of `len` zero bytes at about 1,030 to 1, which is as far as DEFLATE goes.
fn bomb(len: usize) -> Vec<u8> {
    let mut deflater = Deflater::new(DeflateOptions::default());
    let (block, mut out) = (vec![0; 1 << 20], Vec::new());
    for _ in 0..len >> 20 {
        deflater.compress(&block, false, &mut out).unwrap();
    }
    out
}

#[test]
fn a_bomb_stops_at_the_limit_and_takes_memory_for_no_more() {
    let bytes = bomb(32 << 20);
    assert!(bytes.len() < 40_000);
    for limit in [0, 1, 50, 1_000, 65_536, 1 << 20] {
        let mut out = Vec::new();
        let mut inflater = Inflater::new(15, Vec::new());
        let result = inflater.decompress(&bytes, true, Some(limit), &mut out);
        assert_eq!(result, Err(CompressionError::TooLong));
        assert_eq!(out.len(), limit + 1, "one byte proves it");
        assert!(out.capacity() <= limit + 1 + 256, "{}", out.capacity());
    }
}

#[test]
fn a_bomb_in_many_frames_stops_at_the_limit_left_over() {
    let bytes = bomb(8 << 20);
    let mut inflater = Inflater::new(15, Vec::new());
    let (limit, mut inflated) = (1 << 20, 0);
    let mut result = Ok(());
    for part in bytes.chunks(100) {
        let mut out = Vec::new();
        result = inflater.decompress(part, false, Some(limit - inflated), &mut out);
        if result.is_err() {
            break;
        }
        inflated += out.len();
    }
    assert_eq!(result, Err(CompressionError::TooLong));
    assert!(inflated <= limit);
}

#[test]
fn a_million_to_one_is_reached_with_a_stream_of_streams_and_stopped_too() {
    // A bomb within a bomb: what inflates to a bomb is stopped at the outer limit.
    let inner = bomb(16 << 20);
    let outer = compress(&inner);
    assert!((16 << 20) / outer.len() > 100_000, "{} bytes", outer.len());
    let first = inflate(&outer, Some(inner.len())).unwrap();
    assert_eq!(first, inner);
    let second = inflate(&first, Some(1 << 20));
    assert_eq!(second, Err(CompressionError::TooLong));
}

#[test]
fn output_that_grows_over_many_steps_takes_linear_time() {
    let time = |len: usize| {
        let bytes = bomb(len);
        let start = Instant::now();
        assert_eq!(inflate(&bytes, None).unwrap().len(), len);
        start.elapsed()
    };
    let small = time(2 << 20).max(Duration::from_millis(2));
    let large = time(32 << 20);
    // 16 times the bytes: 256 times the time if each step copied all before it anew.
    assert!(large < small * 80, "{small:?} and {large:?}");
}

#[test]
fn corrupt_streams_are_told_in_the_words_of_zlib() {
    for (bytes, text) in [
        (&b"\x07"[..], "invalid block type"),
        (b"\x00\x05\x00\x00\x00hello", "invalid stored block lengths"),
        (b"\xfc\xff\xff\xff", "too many length or distance symbols"),
        (b"\x04\x00\xfe\xff", "invalid code lengths set"),
        (b"\x02\x7e\xff\xff", "invalid distance code"),
        (b"\x62\x18\x18\x44", "invalid distance too far back"),
        // "Hello" that refers to a message before it.
        (b"\xf2\x00\x11\x00\x00", "invalid distance too far back"),
    ] {
        assert_eq!(
            inflate(bytes, Some(1_000)),
            Err(CompressionError::Corrupt(text)),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn a_reason_that_the_decompressor_loses_has_a_text_of_its_own() {
    // zlib says "invalid distance too far back"; zlib-rs overwrites what its fast loop found.
    let bytes = b"\xea\xfd\x3d\x24\x61\xce\x48\x90\xff\xe8\xa6\x92\x3f\x32\x24\x87\x73\x01\x10\x45\
        \x98\x08\x47\xac\x83\x64\x0f\x56\xae\x84\x5f\xd3\x81\x80\x83";
    let result = inflate(bytes, None);
    let lost = CompressionError::Corrupt("invalid deflate data");
    assert_eq!(result, Err(lost));
}

#[test]
fn a_corrupt_stream_is_an_error_in_whatever_frames_it_comes() {
    let mut bytes = compress(&b"some text that is long enough ".repeat(20));
    let end = bytes.len();
    bytes.extend(b"\x07\xff\xff");
    for cut in 0..bytes.len() {
        let mut inflater = Inflater::new(15, Vec::new());
        let mut out = Vec::new();
        let result = inflater
            .decompress(&bytes[..cut], false, None, &mut out)
            .and_then(|()| inflater.decompress(&bytes[cut..], true, None, &mut out));
        assert!(
            matches!(result, Err(CompressionError::Corrupt(_))),
            "cut at {cut} of {end}"
        );
        assert!(out.len() <= 600);
    }
}

#[test]
fn a_cut_stream_is_corrupt_where_the_tail_does_not_fit() {
    // A stored block of five bytes of which two arrived swallows `00 00 ff`; `ff` is no block.
    let result = inflate(b"\x00\x05\x00\xfa\xffHe", None);
    assert_eq!(result, Err(CompressionError::Corrupt("invalid block type")));
}

#[test]
fn a_stream_that_ends_itself_is_reset_for_the_next_message() {
    // "Hello" in a block with BFINAL: RFC 7692, section 7.2.3.4.
    let bytes = b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00";
    for window_bits in [8, 12, 15] {
        let mut inflater = Inflater::new(window_bits, Vec::new());
        for _ in 0..3 {
            assert!(!inflater.has_ended());
            let mut out = Vec::new();
            inflater.decompress(bytes, true, Some(5), &mut out).unwrap();
            assert_eq!(out, b"Hello");
            assert!(inflater.has_ended());
            inflater.reset();
        }
        let mut out = Vec::new();
        inflater
            .decompress(b"\xf2\x48\xcd\xc9\xc9\x07\x00", true, None, &mut out)
            .unwrap();
        assert_eq!(out, b"Hello");
        assert!(!inflater.has_ended());
    }
}

#[test]
fn what_follows_the_end_of_a_stream_within_its_message_is_dropped() {
    let mut inflater = Inflater::new(15, Vec::new());
    let mut out = Vec::new();
    inflater
        .decompress(
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff",
            false,
            None,
            &mut out,
        )
        .unwrap();
    inflater.decompress(b"\xff", true, None, &mut out).unwrap();
    assert_eq!(out, b"Hello");
    assert!(inflater.has_ended());
}

#[test]
fn the_end_of_a_stream_is_passed_by_the_first_byte_behind_it() {
    let mut inflater = Inflater::new(15, Vec::new());
    let mut out = Vec::new();
    for (payload, fin, past_end) in [
        (&b"\xf3\x48\xcd\xc9"[..], false, false),
        (b"\xc9\x07\x00", false, false),
        (b"", false, false),
        (b"\x00", false, true),
        (b"", true, true),
    ] {
        inflater.decompress(payload, fin, None, &mut out).unwrap();
        assert_eq!(inflater.is_past_end(), past_end);
    }
    assert_eq!(out, b"Hello");
    inflater.reset();
    assert!(!inflater.is_past_end());
    // What stands for the tail is behind it, too.
    inflater
        .decompress(b"\xf3\x48\xcd\xc9\xc9\x07\x00", true, None, &mut out)
        .unwrap();
    assert!(inflater.is_past_end());
}

#[test]
fn random_bytes_never_hang_nor_pass_the_limit() {
    let mut random = Random::new(12);
    let (mut passed, mut failed) = (0, 0);
    let mut inflater = Inflater::new(15, Vec::new());
    for _ in 0..20_000 {
        let len = random.below(60);
        let mut bytes = random.bytes(len);
        if let Some(first) = bytes.first_mut() {
            // Block types that go further than "invalid block type".
            *first = (*first & !7) | random.pick(&[0, 1, 2, 3, 4, 5]);
        }
        let limit = random.pick(&[0, 1, 10, 300]);
        let mut out = Vec::new();
        match inflater.decompress(&bytes, random.below(2) == 0, Some(limit), &mut out) {
            Ok(()) => {
                passed += 1;
                assert!(out.len() <= limit);
                if inflater.has_ended() {
                    inflater.reset();
                }
            }
            Err(_) => {
                failed += 1;
                assert!(out.len() <= limit + 1);
                inflater.reset();
            }
        }
    }
    assert!(passed > 1_000 && failed > 1_000, "{passed} and {failed}");
}

#[test]
fn flipped_bits_never_panic_and_never_pass_the_limit() {
    let text = b"the quick brown fox jumps over the lazy dog ".repeat(8);
    let bytes = compress(&text);
    for index in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        match inflate(&flipped, Some(1_000)) {
            Ok(out) => assert!(out.len() <= 1_000),
            Err(error) => assert_ne!(error, CompressionError::OutOfMemory),
        }
    }
}
