//! A codec for an I/O thread: whole short messages, between what the event loop has done for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::codec::{Codec, Shared, lock};
use super::job::Rest;
use super::pool::Pool;
use super::state::State;
use super::task::{Failure, Task};

/// So many compressed bytes are inflated before it is looked how long the message has become: DEFLATE makes at most
/// 1,032 bytes of one.
const PART: usize = 256;

/// A message that has become longer than this is left to the event loop, with what was made of it. So a peer that sends
/// compressed messages makes the thread hold no more than one that sends plain ones.
const MOST: usize = 64 * 1024;

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is done.
    Done,
    /// It is the event loop's, which finds what was begun of it, or why it failed.
    Left,
}

/// A codec that is given messages by an I/O thread.
#[derive(Debug, Clone)]
pub struct Coder {
    codec: Shared,
    pool: Pool,
}

impl Coder {
    pub(super) const fn new(codec: Shared, pool: Pool) -> Self {
        Self { codec, pool }
    }

    /// Inflates a message that comes behind `before` others, and appends the result to `out`. It is left to the event
    /// loop if those are not done yet, if it fails, or when it has become longer than 64 KiB.
    pub fn inflate(&self, before: u64, payload: &[u8], task: Task, out: &mut Vec<u8>) -> Tried {
        let mut codec = lock(&self.codec);
        if codec.is_closed || codec.is_busy() || codec.begun.is_some() || codec.done != before {
            return Tried::Left;
        }
        let start = out.len();
        let task = Task {
            limit: task.limit.saturating_add(start),
            ..task
        };
        let mut state = self.state(&mut codec, task.reset);
        let work = AssertUnwindSafe(|| state.run_parts(payload, task, (PART, start + MOST), out));
        match catch_unwind(work) {
            Ok(Ok(None)) => {
                self.keep(&mut codec, state, task.reset);
                codec.done += 1;
                return Tried::Done;
            }
            Ok(Ok(Some(done))) => {
                codec.state = Some(state);
                codec.rest = Some(Rest {
                    payload: payload[done..].to_vec(),
                    out: out.split_off(start),
                    task: Task {
                        limit: task.limit - start,
                        ..task
                    },
                });
                codec.begun = Some(Ok(()));
            }
            Ok(Err(error)) => codec.begun = Some(Err(Failure::Codec(error))),
            // The state that it was at work with ends with it.
            Err(_) => codec.begun = Some(Err(Failure::Panicked)),
        }
        out.truncate(start);
        Tried::Left
    }

    /// Compresses a message, and appends it to `out`.
    ///
    /// # Errors
    /// The codec is closed or busy, or a fault of ours.
    pub fn deflate(&self, payload: &[u8], task: Task, out: &mut Vec<u8>) -> Result<(), Failure> {
        let mut codec = lock(&self.codec);
        if codec.is_closed || codec.is_busy() {
            return Err(Failure::NotReady);
        }
        codec.take_up_seen();
        let mut state = self.state(&mut codec, task.reset);
        codec.remember(payload, task);
        let work = AssertUnwindSafe(|| {
            if !task.reset {
                state.prefetch(payload);
            }
            state.run(payload, task, out)
        });
        let result = catch_unwind(work)
            .map_err(|_| Failure::Panicked)
            .and_then(|result| result.map_err(Failure::Codec));
        if result.is_ok() {
            // If the codec's compressor was to be given up meanwhile, it is not kept.
            let forgets = task.reset || !codec.kept;
            self.keep(&mut codec, state, forgets);
            codec.made += 1;
            if task.reset {
                codec.forget();
            }
        }
        result
    }

    fn state(&self, codec: &mut Codec, for_a_message: bool) -> State {
        let state = codec.state.take();
        state.unwrap_or_else(|| self.pool.ready(&codec.kind, &codec.history, for_a_message))
    }

    fn keep(&self, codec: &mut Codec, state: State, forgets: bool) {
        if forgets {
            self.pool.give_back(state);
        } else {
            codec.state = Some(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use ws_rs_protocol::{CompressionError, DeflateOptions, Inflater};

    use super::super::{Compression, Kind};
    use super::*;
    use crate::registry::Id;

    const WHOLE: Task = Task::message(false, 1_000_000);

    fn deflater(compression: &mut Compression) -> Id {
        compression
            .create(Kind::Deflate(DeflateOptions::default()))
            .unwrap()
    }

    fn inflater(compression: &mut Compression) -> Id {
        compression
            .create(Kind::Inflate {
                window_bits: 15,
                dictionary: Vec::new(),
            })
            .unwrap()
    }

    fn run(
        compression: &mut Compression,
        id: Id,
        payload: &[u8],
    ) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = compression.run(id, payload, WHOLE, || Duration::ZERO)?;
        Ok(bytes.map(<[u8]>::to_vec))
    }

    fn deflate(coder: &Coder, payload: &[u8], task: Task) -> Vec<u8> {
        let mut out = Vec::new();
        coder.deflate(payload, task, &mut out).unwrap();
        out
    }

    fn try_inflate(coder: &Coder, before: u64, payload: &[u8]) -> (Tried, Vec<u8>) {
        let mut out = b"before".to_vec();
        let tried = coder.inflate(before, payload, WHOLE, &mut out);
        assert!(out.starts_with(b"before"));
        (tried, out.split_off(6))
    }

    #[test]
    fn the_event_loop_and_a_thread_have_one_context() {
        let mut compression = Compression::default();
        let sender = deflater(&mut compression);
        let sends = compression.coder(sender).unwrap();
        let receiver = inflater(&mut compression);
        let receives = compression.coder(receiver).unwrap();
        let text = b"a message that is always the same, or nearly so";
        let mut lengths = Vec::new();
        for number in 0..8 {
            compression.prepare(sender, false);
            let bytes = if number % 4 < 2 {
                deflate(&sends, text, WHOLE)
            } else {
                compression.unprepare(sender);
                run(&mut compression, sender, text).unwrap().unwrap()
            };
            lengths.push(bytes.len());
            let got = if number % 2 == 0 {
                let (tried, got) = try_inflate(&receives, number, &bytes);
                assert_eq!(tried, Tried::Done);
                got
            } else {
                run(&mut compression, receiver, &bytes).unwrap().unwrap()
            };
            assert_eq!(got, text);
        }
        assert!(lengths[1..].iter().all(|len| *len < lengths[0] / 3));
    }

    #[test]
    fn a_message_is_left_before_others_are_done() {
        let mut compression = Compression::default();
        let sender = deflater(&mut compression);
        let receiver = inflater(&mut compression);
        let receives = compression.coder(receiver).unwrap();
        let messages: Vec<_> = [b"one", b"two"]
            .iter()
            .map(|text| run(&mut compression, sender, *text).unwrap().unwrap())
            .collect();
        assert_eq!(try_inflate(&receives, 1, &messages[1]).0, Tried::Left);
        run(&mut compression, receiver, &messages[0]).unwrap();
        assert_eq!(
            try_inflate(&receives, 1, &messages[1]),
            (Tried::Done, b"two".to_vec())
        );
        compression.free(receiver);
        assert_eq!(try_inflate(&receives, 2, &messages[1]).0, Tried::Left);
    }

    #[test]
    fn of_a_message_that_becomes_long_the_event_loop_has_the_rest_done() {
        let mut compression = Compression::default();
        let sender = deflater(&mut compression);
        let receiver = inflater(&mut compression);
        let receives = compression.coder(receiver).unwrap();
        // One at the end, which it must not lose.
        let mut text = vec![0; 900_000];
        text.push(1);
        let bytes = run(&mut compression, sender, &text).unwrap().unwrap();
        assert_eq!(try_inflate(&receives, 0, &bytes), (Tried::Left, Vec::new()));
        // Nothing else is begun meanwhile.
        assert_eq!(try_inflate(&receives, 0, &bytes).0, Tried::Left);
        assert_eq!(run(&mut compression, receiver, &bytes), Ok(None));
        compression.start_rest(receiver).unwrap().run();
        let mut finished = compression.take_finished();
        let result = finished.pop().unwrap().result.unwrap();
        assert!(result == Ok(text));
        let next = run(&mut compression, sender, b"next").unwrap().unwrap();
        assert_eq!(
            try_inflate(&receives, 1, &next),
            (Tried::Done, b"next".to_vec())
        );
    }

    #[test]
    fn why_a_message_failed_is_told_to_who_it_is_left_to() {
        for (bytes, failure) in [
            (&b"\xff\xff"[..], None),
            (b"too long", Some(CompressionError::TooLong)),
        ] {
            let mut compression = Compression::default();
            let receiver = inflater(&mut compression);
            let receives = compression.coder(receiver).unwrap();
            let bytes = if failure.is_some() {
                let sender = deflater(&mut compression);
                run(&mut compression, sender, &[0; 1001]).unwrap().unwrap()
            } else {
                bytes.to_vec()
            };
            let task = Task {
                limit: 1000,
                ..WHOLE
            };
            let mut out = Vec::new();
            let tried = receives.inflate(0, &bytes, task, &mut out);
            assert_eq!((tried, out.len()), (Tried::Left, 0));
            match run(&mut compression, receiver, &bytes) {
                Err(Failure::Codec(error)) => {
                    assert!(failure.is_none() || failure == Some(error));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_others_have_compressed_counts_behind_what_was_given_before_it() {
        let mut compression = Compression::default();
        let sender = deflater(&mut compression);
        let sends = compression.coder(sender).unwrap();
        let mut peer = Inflater::new(15, Vec::new());
        let mut seed = 1_u32;
        let mut text = |len: usize| -> Vec<u8> {
            (0..len)
                .map(|_| {
                    seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    b'a' + (seed >> 24) as u8 % 8
                })
                .collect()
        };
        let mut given = Vec::new();
        let mut receive = |bytes: &[u8], text: &[u8]| {
            let mut out = Vec::new();
            peer.decompress(bytes, true, None, &mut out).unwrap();
            assert!(out == text);
        };
        for round in 0..200_usize {
            // What one of many gets is compressed by itself, and a thread may be behind with others.
            for part in 0..round % 5 {
                let own = text(100 + 50 * part);
                compression.prepare(sender, false);
                given.push((true, own));
                for _ in 0..(round * 7 + part) % 4 * (1 + 30 * usize::from(round % 50 == 7)) {
                    let others = text(if round % 9 == 0 { 5000 } else { 60 });
                    compression.see(sender, &Arc::from(&others[..]));
                    given.push((false, others));
                }
            }
            if round % 3 == 0 {
                continue;
            }
            for (is_own, text) in given.drain(..) {
                let bytes = if is_own {
                    deflate(&sends, &text, WHOLE)
                } else {
                    let mut engine = ws_rs_protocol::Deflater::new(DeflateOptions::default());
                    let mut out = Vec::new();
                    engine.compress(&text, true, &mut out).unwrap();
                    out
                };
                receive(&bytes, &text);
            }
        }
    }

    #[test]
    fn no_more_keep_a_compressor_than_may() {
        let mut compression = Compression::default();
        let all: Vec<_> = (0..300)
            .map(|_| {
                let id = deflater(&mut compression);
                (id, compression.coder(id).unwrap())
            })
            .collect();
        for _ in 0..2 {
            for (id, coder) in &all {
                compression.prepare(*id, false);
                deflate(coder, b"a message", WHOLE);
            }
            assert_eq!(compression.kept(), 256);
            let with_state = all.iter().filter(|(_, coder)| {
                let codec = lock(&coder.codec);
                codec.state.is_some()
            });
            assert_eq!(with_state.count(), 256);
        }
    }
}
