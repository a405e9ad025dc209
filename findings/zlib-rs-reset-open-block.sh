#!/usr/bin/env bash
# zlib-rs 0.6.8 (and flate2 1.1.11 on it): reset() of a level 1 compressor that has taken input and was
# not flushed leaves its block open. What it then compresses has no block header, and cannot be
# inflated: "corrupt deflate stream" instead of the payload. Levels 2 to 9 are not affected, and
# neither is level 1 on miniz_oxide. Seen on Linux x86-64 with rustc 1.95.
#
# Fails if that is no longer so. Needs cargo and its registry.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"

cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "reset-open-block"
version = "0.0.0"
edition = "2021"

[features]
zlib-rs = ["flate2/zlib-rs"]
miniz = ["flate2/rust_backend"]

[dependencies]
flate2 = { version = "=1.1.11", default-features = false }

[target.'cfg(any())'.dependencies]
zlib-rs = "=0.6.8"
TOML

cat > "$folder/src/main.rs" <<'RUST'
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// Compresses after a reset, and inflates that again.
fn survives_reset(level: u32) -> bool {
    let abandoned = vec![b'a'; 1000];
    let message = b"a message that begins a new stream".repeat(20);
    let mut compress = Compress::new(Compression::new(level), false);
    let mut scratch = Vec::with_capacity(10_000);
    compress
        .compress_vec(&abandoned, &mut scratch, FlushCompress::None)
        .unwrap();
    compress.reset();
    let mut deflated = Vec::with_capacity(10_000);
    compress
        .compress_vec(&message, &mut deflated, FlushCompress::Finish)
        .unwrap();
    let mut inflated = Vec::with_capacity(10_000);
    let result =
        Decompress::new(false).decompress_vec(&deflated, &mut inflated, FlushDecompress::Finish);
    result.is_ok() && inflated == message
}

fn main() {
    for level in 1..=9 {
        println!("level {level}: {}", if survives_reset(level) { "ok" } else { "corrupt" });
    }
}
RUST

run() {
  cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target" --features "$1"
}

on_zlib_rs=$(run zlib-rs)
on_miniz=$(run miniz)
printf 'zlib-rs\n%s\nminiz_oxide\n%s\n' "$on_zlib_rs" "$on_miniz"

[[ $(grep -c corrupt <<< "$on_zlib_rs") == 1 && $on_zlib_rs == 'level 1: corrupt'* ]] || {
  echo 'zlib-rs behaves differently now' >&2
  exit 1
}
! grep -q corrupt <<< "$on_miniz" || {
  echo 'miniz_oxide behaves differently now' >&2
  exit 1
}
echo 'as described'
