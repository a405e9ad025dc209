//! `cargo bench -p ws-rs-protocol`: nanoseconds per message of the core alone, medians of nine runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ws_rs_protocol::{
    Config, Connection, Data, DeflateOptions, Deflater, Event, Inflater, Role, is_valid_utf8,
};

const RUNS: usize = 9;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn main() {
    for len in [32, 125, 1_024, 65_536, 1 << 20] {
        receive(len, 64 * 1024, "whole in their chunks");
    }
    receive(1 << 20, 16 * 1024, "in chunks of 16 KiB");
    for len in [32, 1_024, 65_536] {
        send(len);
        validate(len);
        compress(len);
    }
}

/// Times `body`, which handles `messages` messages a call, for about 20 ms a run.
fn report(name: &str, len: usize, messages: usize, mut body: impl FnMut()) {
    let start = Instant::now();
    body();
    let once = start.elapsed().max(Duration::from_nanos(100));
    let calls = (Duration::from_millis(20).as_nanos() / once.as_nanos()).max(1) as usize;
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| body());
            start.elapsed().as_nanos() as f64 / (calls * messages) as f64
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    let median = runs[RUNS / 2];
    let rate = len as f64 / median;
    println!("{name:<44} {len:>8} B {median:>12.1} ns {rate:>7.2} GB/s");
}

/// Masked text messages to a server. The copy of the chunk stands for the read from the socket.
fn receive(len: usize, chunk_len: usize, how: &str) {
    let sender: Connection = Connection::new(Role::Client, Config::default());
    let messages = (64 * 1024 / (len + 14)).max(1);
    let mut wire = Vec::new();
    for _ in 0..messages {
        sender.send_message(Data::Text, &text(len), (true, false), Some(KEY), &mut wire);
    }
    let chunk_len = if how.starts_with("whole") {
        wire.len()
    } else {
        chunk_len
    };
    let mut receiver: Connection = Connection::new(Role::Server, Config::default());
    let mut chunk = vec![0; chunk_len];
    report(
        &format!("receive masked text, {how}"),
        len,
        messages,
        || {
            let mut seen = 0;
            for part in wire.chunks(chunk_len) {
                let chunk = &mut chunk[..part.len()];
                chunk.copy_from_slice(part);
                let mut input = receiver.handle_bytes(chunk).expect("within limits");
                while let Some(event) = receiver.poll_event(&mut input).expect("valid") {
                    seen += usize::from(matches!(event, Event::Message(_)));
                }
            }
            assert_eq!(seen, messages);
        },
    );
}

fn send(len: usize) {
    let sender: Connection = Connection::new(Role::Server, Config::default());
    let payload = text(len);
    let mut out = Vec::with_capacity(len + 14);
    for (mask, name) in [(None, "send"), (Some(KEY), "send masked")] {
        report(name, len, 1, || {
            out.clear();
            sender.send_message(Data::Text, &payload, (true, false), mask, &mut out);
            black_box(&out);
        });
    }
}

fn validate(len: usize) {
    let payload = text(len);
    report("check UTF-8", len, 1, || {
        assert!(is_valid_utf8(black_box(&payload)));
    });
}

/// With context takeover, as negotiated by default.
fn compress(len: usize) {
    let payload = text(len);
    let mut deflater = Deflater::new(DeflateOptions::default());
    let mut inflater = Inflater::new(15, Vec::new());
    let (mut compressed, mut out) = (Vec::new(), Vec::new());
    report("compress and decompress", len, 1, || {
        compressed.clear();
        out.clear();
        deflater
            .compress(&payload, true, &mut compressed)
            .expect("memory");
        inflater
            .decompress(&compressed, true, None, &mut out)
            .expect("valid");
        assert_eq!(out.len(), len);
    });
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| b'a' + (i * i % 26) as u8).collect()
}
