//! The bodies of the fuzz targets, on their corpus and on a fixed sequence of random inputs.

mod support;

#[path = "../fuzz/src/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

use support::{KEY, Random, frame};

/// Runs `body` on each file of the corpus of `target`.
fn run_corpus(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut files = 0;
    for entry in fs::read_dir(folder.join(target)).expect("the corpus is committed") {
        let path = entry.expect("readable").path();
        body(&fs::read(&path).expect("readable"));
        files += 1;
    }
    assert!(files >= 5, "{files} files for {target}");
}

#[test]
fn the_corpus_of_the_connection_target_passes() {
    run_corpus("connection", bodies::connection);
}

#[test]
fn the_corpus_of_the_round_trip_target_passes() {
    run_corpus("round_trip", bodies::round_trip);
}

#[test]
fn the_corpus_of_the_inflate_target_passes() {
    run_corpus("inflate", bodies::inflate);
}

#[test]
fn the_corpus_of_the_deflate_target_passes() {
    run_corpus("deflate", bodies::deflate);
}

#[test]
fn the_connection_target_passes_on_near_valid_streams() {
    let mut random = Random::new(20);
    for _ in 0..6_000 {
        let choice = random.next() as u8;
        let key = (choice & 1 == 1).then_some(KEY);
        let mut input = vec![choice, random.next() as u8];
        for _ in 0..random.below(6) {
            let first = random.pick(&[0x81, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0xc1, 0x42, 0x88]);
            let len = random.pick(&[0, 1, 2, 7, 130]);
            let payload = match random.below(3) {
                0 => random.bytes(len),
                1 => vec![b'a'; len],
                _ => b"\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec(),
            };
            input.extend(frame(first, &payload, key));
        }
        if random.below(3) == 0 {
            let at = random.below(input.len());
            input[at] = random.next() as u8;
        }
        bodies::connection(&input);
    }
}

#[test]
fn the_round_trip_target_passes_on_random_bytes() {
    let mut random = Random::new(21);
    for _ in 0..1_000 {
        let len = random.pick(&[1, 2, 10, 100, 700]);
        bodies::round_trip(&random.bytes(len));
    }
}

#[test]
fn the_inflate_target_passes_on_random_bytes() {
    let mut random = Random::new(22);
    for _ in 0..5_000 {
        let len = random.pick(&[2, 5, 20, 80]);
        bodies::inflate(&random.bytes(len));
    }
}

#[test]
fn the_deflate_target_passes_on_random_and_repetitive_bytes() {
    let mut random = Random::new(23);
    for choice in 0..=u8::MAX {
        let len = random.pick(&[0, 1, 100, 600]);
        let mut input = vec![choice, random.next() as u8];
        if random.below(2) == 0 {
            input.extend(random.bytes(len));
        } else {
            input.extend(b"again and ".iter().cycle().take(len));
        }
        bodies::deflate(&input);
    }
}
