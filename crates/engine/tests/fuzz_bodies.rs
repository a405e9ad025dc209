//! The body of the fuzz target, on its corpus and on random inputs.
//!
//! `npm run fuzz:engine -- --executions N` runs it so often as is said in `WS_RS_FUZZ_EXECUTIONS`.

mod support;

#[path = "../fuzz/src/bodies.rs"]
mod bodies;

use std::fs;
use std::panic;
use std::path::Path;
use std::time::Instant;

use support::random::Random;

/// Inputs that others are made of.
const POOL: usize = 512;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/pair");
    let files = fs::read_dir(folder).expect("the corpus is committed");
    files
        .map(|entry| fs::read(entry.expect("readable").path()).expect("readable"))
        .collect()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect(name))
}

#[test]
fn the_corpus_of_the_pair_target_passes() {
    let corpus = corpus();
    assert!(corpus.len() >= 5, "{} files", corpus.len());
    for input in corpus {
        bodies::pair(&input);
    }
}

#[test]
fn the_pair_target_passes_on_random_inputs_and_changed_ones() {
    let executions = setting("WS_RS_FUZZ_EXECUTIONS", 4_000);
    let seed = setting("WS_RS_FUZZ_SEED", 1);
    let mut random = Random::new(seed);
    let mut pool = corpus();
    let start = Instant::now();
    for count in 1..=executions {
        let input = make_input(&mut random, &pool);
        if panic::catch_unwind(|| bodies::pair(&input)).is_err() {
            panic!("execution {count} with seed {seed}, on {input:?}");
        }
        // Some stay, to be changed again.
        if random.below(64) == 0 {
            if pool.len() < POOL {
                pool.push(input);
            } else {
                let at = random.below(POOL);
                pool[at] = input;
            }
        }
        if count % 1_000_000 == 0 {
            println!("{count} executions, {} s", start.elapsed().as_secs());
        }
    }
}

/// New bytes, or a few changes of an input that there is.
fn make_input(random: &mut Random, pool: &[Vec<u8>]) -> Vec<u8> {
    if pool.is_empty() || random.below(4) == 0 {
        let len = 1 + random.below(96);
        return (0..len).map(|_| random.byte()).collect();
    }
    let mut input = pool[random.below(pool.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        match random.below(5) {
            0 => input.insert(at, random.byte()),
            1 if at < input.len() => drop(input.remove(at)),
            2 => {
                let other = &pool[random.below(pool.len())];
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            3 => {
                let part = input[at..].iter().take(8).copied().collect::<Vec<_>>();
                input.splice(at..at, part);
            }
            _ if at < input.len() => input[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    input.truncate(256);
    input
}
