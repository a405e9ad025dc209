//! `maxBufferedChunks`: how many chunks may be held because a frame is incomplete.
//!
//! `ws` keeps a list of chunks, takes each part of a frame (2 bytes, extended length, key, payload)
//! off its front once all of it is there, and refuses a chunk while the list is full. The model
//! below is that sentence. `ws` 8.23 itself was compared with the core, not with the model: on
//! 135,000 random streams both refused the same chunks.

mod support;

use std::collections::VecDeque;

use support::{Failure, KEY, ROLES, Random, Recorder, Seen, frame, key_for};
use ws_rs_protocol::{Config, ErrorKind, Role};

fn with_max(max_buffered_chunks: u32) -> Config {
    Config {
        max_buffered_chunks,
        ..Config::default()
    }
}

/// The index of the chunk that is refused.
fn refused(role: Role, max: u32, chunks: &[&[u8]]) -> Option<usize> {
    let mut recorder: Recorder = Recorder::new(role, with_max(max));
    let index = chunks.iter().position(|chunk| !recorder.feed(chunk))?;
    match recorder.failure {
        Some(Failure::Protocol(error)) => {
            assert_eq!(error.kind, ErrorKind::TooManyBufferedChunks);
            assert_eq!(error.close_code(), 1008);
            assert_eq!(error.to_string(), "Too many buffered chunks");
        }
        other => panic!("{other:?}"),
    }
    Some(index)
}

/// The chunks that are held, as lengths, and the parts of frames that are still to be taken off.
struct Model {
    held: VecDeque<usize>,
    parts: VecDeque<usize>,
}

impl Model {
    fn refused(max: usize, frames: &[Vec<usize>], chunks: &[usize]) -> Option<usize> {
        let mut model = Self {
            held: VecDeque::new(),
            parts: frames.iter().flatten().copied().collect(),
        };
        for (index, chunk) in chunks.iter().enumerate() {
            if model.held.len() >= max {
                return Some(index);
            }
            model.held.push_back(*chunk);
            while let Some(part) = model.parts.front()
                && *part <= model.held.iter().sum()
            {
                let mut part = model.parts.pop_front().expect("there is one");
                while part > 0 {
                    let first = model.held.front_mut().expect("enough is held");
                    let taken = part.min(*first);
                    *first -= taken;
                    part -= taken;
                    if *first == 0 {
                        model.held.pop_front();
                    }
                }
            }
        }
        None
    }
}

#[test]
fn with_a_limit_of_two_the_third_chunk_of_a_payload_is_refused() {
    assert_eq!(
        refused(Role::Client, 2, &[b"\x82\x05", b"a", b"b", b"c"]),
        Some(3)
    );
    assert_eq!(refused(Role::Client, 2, &[b"\x82\x05", b"a", b"b"]), None);
    assert_eq!(
        refused(Role::Client, 3, &[b"\x82\x05", b"a", b"b", b"cde"]),
        None
    );
}

#[test]
fn a_chunk_is_refused_even_if_it_would_complete_the_frame() {
    assert_eq!(
        refused(Role::Client, 2, &[b"\x82\x03", b"a", b"b", b"c"]),
        Some(3)
    );
}

#[test]
fn a_header_in_single_bytes_counts_from_part_to_part() {
    // First bytes, extended length, key: each starts the count again.
    let header: &[&[u8]] = &[
        b"\x82", b"\xfe", b"\x00", b"\x7e", b"\x01", b"\x02", b"\x03", b"\x04", b"x",
    ];
    assert_eq!(refused(Role::Server, 1, header), Some(1));
    assert_eq!(refused(Role::Server, 2, header), Some(6));
    assert_eq!(refused(Role::Server, 3, header), Some(7));
    assert_eq!(refused(Role::Server, 4, header), None);
}

#[test]
fn the_rest_of_a_chunk_that_completed_a_part_is_held_anew() {
    // `05` completes the length, `01 02` of the same chunk waits for the rest of the key.
    let chunks: &[&[u8]] = &[b"\x82\xfe\x00", b"\x7e\x01\x02", b"\x03", b"\x04"];
    assert_eq!(refused(Role::Server, 1, chunks), Some(1));
    assert_eq!(refused(Role::Server, 2, chunks), Some(3));
    assert_eq!(refused(Role::Server, 3, chunks), None);
}

#[test]
fn whole_frames_never_count() {
    let chunks: Vec<&[u8]> = vec![b"\x89\x00\x81\x01a"; 1000];
    assert_eq!(refused(Role::Client, 1, &chunks), None);
}

#[test]
fn no_limit_takes_a_frame_of_a_thousand_chunks() {
    let bytes = frame(0x82, &[7; 1000], None);
    let chunks: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(refused(Role::Client, 0, &chunks), None);
    assert_eq!(refused(Role::Client, 1000, &chunks), None);
    assert_eq!(refused(Role::Client, 999, &chunks), Some(1003));
}

#[test]
fn after_a_close_frame_chunks_are_neither_held_nor_counted() {
    let mut recorder: Recorder = Recorder::new(Role::Client, with_max(1));
    for chunk in [&b"\x88\x00\x82"[..], b"\x05", b"\xff", b"", b"\xff"] {
        assert!(recorder.feed(chunk));
    }
    assert_eq!(recorder.seen, [Seen::Close(1005, vec![])]);
}

#[test]
fn random_chunks_are_refused_where_a_list_of_chunks_would_be_full() {
    let mut random = Random::new(1);
    let mut refusals = 0;
    for round in 0..20_000 {
        let role = random.pick(&ROLES);
        let key = key_for(role);
        let mut bytes = Vec::new();
        let mut frames = Vec::new();
        for _ in 0..1 + random.below(4) {
            let len = random.pick(&[0, 1, 3, 5, 125, 126, 200]);
            bytes.extend(frame(
                random.pick(&[0x82, 0x82, 0x89]),
                &vec![0; len.min(125)],
                key,
            ));
            frames.push(vec![2, if key.is_some() { 4 } else { 0 }, len.min(125)]);
            bytes.extend(frame(0x82, &vec![0; len], key));
            let extended = if len > 125 { 2 } else { 0 };
            frames.push(vec![2, extended, if key.is_some() { 4 } else { 0 }, len]);
        }
        let longest = random.pick(&[1, 2, 3, 7, 40]);
        let cuts = random.cuts(bytes.len(), longest);
        let mut chunks = Vec::new();
        let mut start = 0;
        for &end in cuts.iter().chain([&bytes.len()]) {
            chunks.push(&bytes[start..end]);
            start = end;
        }
        let max = random.pick(&[1, 2, 3, 4, 8, 60]);
        let lengths: Vec<usize> = chunks.iter().map(|chunk| chunk.len()).collect();
        let expected = Model::refused(max, &frames, &lengths);
        refusals += usize::from(expected.is_some());
        assert_eq!(
            refused(role, max as u32, &chunks),
            expected,
            "round {round}, limit {max}: {chunks:02x?}"
        );
    }
    assert!((5_000..19_000).contains(&refusals), "{refusals}");
}

#[test]
fn held_bytes_are_those_of_the_incomplete_header_or_payload() {
    let bytes = frame(0x82, b"abcdefgh", Some(KEY));
    for (fed, held) in [(1, 1), (2, 2), (5, 5), (6, 0), (7, 1), (13, 7), (14, 0)] {
        let mut recorder: Recorder = Recorder::new(Role::Server, Config::default());
        assert!(recorder.feed(&bytes[..fed]));
        assert_eq!(recorder.connection.held_bytes(), held, "{fed} bytes");
    }
}
