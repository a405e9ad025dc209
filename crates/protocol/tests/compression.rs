//! RFC 7692, section 7.2: the compressor and the decompressor, alone and against each other.

mod support;

use support::Random;
use ws_rs_protocol::{CompressionError, DeflateOptions, Deflater, Inflater, Strategy};

const STRATEGIES: [Strategy; 5] = [
    Strategy::Default,
    Strategy::Filtered,
    Strategy::HuffmanOnly,
    Strategy::Rle,
    Strategy::Fixed,
];

fn compress(deflater: &mut Deflater, payload: &[u8], fin: bool) -> Vec<u8> {
    let mut out = Vec::new();
    deflater.compress(payload, fin, &mut out).unwrap();
    out
}

fn decompress(inflater: &mut Inflater, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    inflater.decompress(payload, true, None, &mut out).unwrap();
    out
}

fn pair(options: DeflateOptions) -> (Deflater, Inflater) {
    let inflater = Inflater::new(options.window_bits, options.dictionary.clone());
    (Deflater::new(options), inflater)
}

const SHORT: &[usize] = &[127, 128, 129, 257, 4_000];
const LONG: &[usize] = &[255, 256, 16_383, 16_384, 70_000];

/// Text-like, repetitive and incompressible payloads on both sides of the window and of a step.
fn payloads(lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut random = Random::new(5);
    let words = b"the quick brown fox jumps over the lazy dog ".repeat(2_000);
    let mut payloads = vec![b"".to_vec(), b"a".to_vec(), b"Hello".to_vec()];
    for &len in lengths {
        payloads.push(words[..len].to_vec());
        payloads.push(random.bytes(len));
        payloads.push(vec![0; len]);
    }
    payloads
}

fn round_trip(options: &DeflateOptions, take_over: bool) {
    let (mut deflater, mut inflater) = pair(options.clone());
    for payload in payloads(SHORT) {
        let bytes = compress(&mut deflater, &payload, true);
        assert_eq!(decompress(&mut inflater, &bytes), payload, "{options:?}");
        if !take_over {
            deflater.reset();
            inflater.reset();
        }
    }
}

#[test]
fn the_examples_of_rfc_7692_inflate_to_hello() {
    for bytes in [
        // 7.2.3.1, 7.2.3.3 (stored), 7.2.3.4 (BFINAL), 7.2.3.5 (two blocks).
        &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ] {
        let mut inflater = Inflater::new(15, Vec::new());
        assert_eq!(decompress(&mut inflater, bytes), b"Hello");
    }
}

#[test]
fn hello_twice_is_the_example_of_context_takeover() {
    let (mut deflater, mut inflater) = pair(DeflateOptions::default());
    let first = compress(&mut deflater, b"Hello", true);
    let second = compress(&mut deflater, b"Hello", true);
    assert_eq!(first, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert_eq!(second, b"\xf2\x00\x11\x00\x00");
    assert_eq!(decompress(&mut inflater, &first), b"Hello");
    assert_eq!(decompress(&mut inflater, &second), b"Hello");
    deflater.reset();
    assert_eq!(compress(&mut deflater, b"Hello", true), first);
}

/// One for each engine beneath: flate2 does not pass memory levels on.
const MEM_LEVELS: [u8; 2] = [8, 9];

fn with_mem_level(mem_level: u8) -> DeflateOptions {
    DeflateOptions {
        mem_level,
        ..DeflateOptions::default()
    }
}

#[test]
fn fragments_have_the_sizes_that_ws_has() {
    for mem_level in MEM_LEVELS {
        for (fragments, sizes) in [
            ([&b"123"[..], b"12"], [9, 4]),
            ([&b""[..], b"data"], [5, 6]),
            ([&b"data"[..], b""], [10, 1]),
        ] {
            let (mut deflater, mut inflater) = pair(with_mem_level(mem_level));
            let first = compress(&mut deflater, fragments[0], false);
            let last = compress(&mut deflater, fragments[1], true);
            assert_eq!([first.len(), last.len()], sizes, "{fragments:?}");
            assert!(first.ends_with(b"\x00\x00\xff\xff"));
            let mut out = Vec::new();
            inflater.decompress(&first, false, None, &mut out).unwrap();
            assert_eq!(out, fragments[0], "a fragment inflates without the next");
            inflater.decompress(&last, true, None, &mut out).unwrap();
            assert_eq!(out, fragments.concat());
        }
    }
}

#[test]
fn an_empty_message_is_one_byte_each_time() {
    for mem_level in MEM_LEVELS {
        let (mut deflater, mut inflater) = pair(with_mem_level(mem_level));
        for payload in [&b""[..], b"", b"Hello", b"", b""] {
            let bytes = compress(&mut deflater, payload, true);
            assert_eq!(bytes == b"\x00", payload.is_empty());
            assert_eq!(decompress(&mut inflater, &bytes), payload);
        }
    }
}

#[test]
fn output_that_just_fills_its_room_is_whole_and_at_most_one_empty_block_longer() {
    for mem_level in MEM_LEVELS {
        for payload in [Random::new(9).bytes(300), b"a".repeat(3_000)] {
            let mut roomy = Vec::with_capacity(10_000);
            let mut deflater = Deflater::new(with_mem_level(mem_level));
            deflater.compress(&payload, true, &mut roomy).unwrap();
            for capacity in 0..400 {
                let mut out = Vec::with_capacity(capacity);
                let mut deflater = Deflater::new(with_mem_level(mem_level));
                deflater.compress(&payload, true, &mut out).unwrap();
                // zlib repeats the mark of a flush that just filled the room (here and in Node).
                let longer = out.len() - roomy.len();
                assert!(longer == 0 || longer == 5, "room for {capacity} bytes");
                let mut inflater = Inflater::new(15, Vec::new());
                assert_eq!(decompress(&mut inflater, &out), payload);
                let next = compress(&mut deflater, b"next", true);
                assert_eq!(decompress(&mut inflater, &next), b"next");
            }
        }
    }
}

#[test]
fn every_window_and_level_round_trips_with_and_without_takeover() {
    for window_bits in 8..=15 {
        for level in [-1, 0, 1, 6, 9] {
            for take_over in [true, false] {
                let options = DeflateOptions {
                    window_bits,
                    level,
                    ..DeflateOptions::default()
                };
                round_trip(&options, take_over);
            }
        }
    }
}

#[test]
fn every_strategy_and_memory_level_round_trips_with_and_without_takeover() {
    for strategy in STRATEGIES {
        for mem_level in [1, 5, 8, 9] {
            for (window_bits, take_over) in [(15, true), (15, false), (8, true), (10, false)] {
                let options = DeflateOptions {
                    window_bits,
                    mem_level,
                    strategy,
                    ..DeflateOptions::default()
                };
                round_trip(&options, take_over);
            }
        }
    }
}

#[test]
fn options_out_of_range_are_brought_into_it() {
    for (level, window_bits, mem_level) in [(-2, 0, 0), (10, 16, 10), (i32::MAX, 255, 255)] {
        let options = DeflateOptions {
            level,
            window_bits,
            mem_level,
            ..DeflateOptions::default()
        };
        round_trip(&options, true);
    }
}

#[test]
fn the_level_the_strategy_and_the_memory_level_have_their_effect() {
    let text = b"abcdefgh".repeat(500);
    let len = |options: DeflateOptions| compress(&mut Deflater::new(options), &text, true).len();
    let default = len(DeflateOptions::default());
    let stored = len(DeflateOptions {
        level: 0,
        ..DeflateOptions::default()
    });
    assert!(stored > text.len(), "level 0 stores: {stored}");
    let huffman = len(DeflateOptions {
        strategy: Strategy::HuffmanOnly,
        ..DeflateOptions::default()
    });
    assert!((1_000..4_000).contains(&huffman), "no matches: {huffman}");
    let rle = len(DeflateOptions {
        strategy: Strategy::Rle,
        ..DeflateOptions::default()
    });
    assert!(rle > 1_000, "no run in it: {rle}");
    assert!(default < 60, "{default}");
    let random = Random::new(6).bytes(40_000);
    let with_mem_level = |mem_level| {
        let options = DeflateOptions {
            mem_level,
            ..DeflateOptions::default()
        };
        compress(&mut Deflater::new(options), &random, true).len()
    };
    assert_ne!(
        with_mem_level(1),
        with_mem_level(9),
        "blocks differ in length"
    );
}

#[test]
fn a_window_is_not_left_by_its_compressor() {
    // A repeat 5,000 bytes back lies beyond a window of 2^9 and within one of 2^15.
    let mut payload = Random::new(7).bytes(5_000);
    payload.extend_from_within(..);
    for (window_bits, shorter) in [(8, false), (9, false), (12, false), (13, true), (15, true)] {
        let (mut deflater, mut inflater) = pair(DeflateOptions {
            window_bits,
            ..DeflateOptions::default()
        });
        let bytes = compress(&mut deflater, &payload, true);
        assert_eq!(
            bytes.len() < 9_000,
            shorter,
            "{window_bits}: {}",
            bytes.len()
        );
        assert_eq!(decompress(&mut inflater, &bytes), payload);
    }
}

#[test]
fn an_inflater_of_15_bits_reads_every_window() {
    for window_bits in 8..=15 {
        let mut deflater = Deflater::new(DeflateOptions {
            window_bits,
            ..DeflateOptions::default()
        });
        let mut inflater = Inflater::new(15, Vec::new());
        for payload in payloads(LONG) {
            let bytes = compress(&mut deflater, &payload, true);
            assert_eq!(decompress(&mut inflater, &bytes), payload);
        }
    }
}

#[test]
fn a_dictionary_shortens_the_first_message_and_again_after_a_reset() {
    let dictionary = b"a sentence that both sides know already".to_vec();
    for (mem_level, window_bits) in [(8, 15), (8, 9), (9, 15), (1, 12)] {
        let options = DeflateOptions {
            mem_level,
            window_bits,
            dictionary: dictionary.clone(),
            ..DeflateOptions::default()
        };
        let (mut deflater, mut inflater) = pair(options);
        for _ in 0..3 {
            let bytes = compress(&mut deflater, &dictionary, true);
            assert!(bytes.len() < 10, "{} bytes", bytes.len());
            assert_eq!(decompress(&mut inflater, &bytes), dictionary);
            deflater.reset();
            inflater.reset();
        }
        let bytes = compress(&mut deflater, &dictionary, true);
        let mut without = Inflater::new(15, Vec::new());
        assert_eq!(
            without.decompress(&bytes, true, None, &mut Vec::new()),
            Err(CompressionError::Corrupt("invalid distance too far back"))
        );
    }
}

#[test]
fn without_a_reset_the_second_message_needs_the_first() {
    let text = b"some words that come twice, some words that come twice";
    let (mut deflater, _) = pair(DeflateOptions::default());
    let first = compress(&mut deflater, text, true);
    let second = compress(&mut deflater, text, true);
    assert!(second.len() < first.len() / 2);
    let mut fresh = Inflater::new(15, Vec::new());
    assert_eq!(
        fresh.decompress(&second, true, None, &mut Vec::new()),
        Err(CompressionError::Corrupt("invalid distance too far back"))
    );
    deflater.reset();
    assert_eq!(compress(&mut deflater, text, true), first);
}

#[test]
fn only_the_own_output_is_touched_in_a_buffer_that_holds_more() {
    let (mut deflater, mut inflater) = pair(DeflateOptions::default());
    let mut out = b"\x00\x00\xff\xff".to_vec();
    deflater.compress(b"Hello", true, &mut out).unwrap();
    assert_eq!(out, b"\x00\x00\xff\xff\xf2\x48\xcd\xc9\xc9\x07\x00");
    let mut text = b"said: ".to_vec();
    inflater
        .decompress(&out[4..], true, Some(5), &mut text)
        .unwrap();
    assert_eq!(text, b"said: Hello");
}

#[test]
fn a_message_cut_into_random_fragments_inflates_fragment_by_fragment() {
    let mut random = Random::new(8);
    for payload in payloads(LONG) {
        let (mut deflater, mut inflater) = pair(DeflateOptions::default());
        let longest = 1 + payload.len() / 3;
        let mut out = Vec::new();
        let mut start = 0;
        let cuts = random.cuts(payload.len(), longest);
        for &end in cuts.iter().chain([&payload.len()]) {
            let fin = end == payload.len();
            let bytes = compress(&mut deflater, &payload[start..end], fin);
            inflater.decompress(&bytes, fin, None, &mut out).unwrap();
            assert_eq!(out, payload[..end]);
            start = end;
        }
    }
}

#[test]
fn a_compressor_that_is_taken_from_the_middle_of_a_message_begins_anew() {
    for level in 0..=9 {
        let options = DeflateOptions {
            level,
            ..DeflateOptions::default()
        };
        for restart in [Deflater::reset, |deflater: &mut Deflater| {
            deflater.restart(b"")
        }] {
            let (mut deflater, mut inflater) = pair(options.clone());
            let mut dropped = Vec::new();
            deflater.write(&[b'x'; 8192], &mut dropped).unwrap();
            restart(&mut deflater);
            for payload in [&b""[..], b"Hello"] {
                let bytes = compress(&mut deflater, payload, true);
                assert_eq!(decompress(&mut inflater, &bytes), payload, "level {level}");
            }
        }
    }
}
