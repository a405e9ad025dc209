//! What compresses or decompresses: a state, from the pool or a new one.

use std::time::Duration;

use ws_rs_protocol::{CompressionError, DeflateOptions, Deflater, Inflater};

use super::meter::{Charge, Meter};
use super::task::{Kind, Task};
use crate::allocator::{Block, with_largest_block};

/// How long a message may hold the event loop up; what is left of it then goes to another thread.
const INLINE_TIME: Duration = Duration::from_micros(500);

/// So many compressed bytes are inflated at a time. DEFLATE makes at most 1,032 bytes of one, so that the clock is
/// looked at after each MiB.
const INFLATE_PART: usize = 1024;

/// The least payload for which a compressor that was kept is prefetched. At 16 KiB, with 100
/// connections, that spares 29 % of all CPU time; at 8 KiB it costs 5 %, at 1 KiB a third.
const PREFETCH: usize = 12 * 1024;

/// A compressor or decompressor, wherever it is.
#[derive(Debug)]
pub(super) struct State {
    engine: Engine,
    _charge: Charge,
}

#[derive(Debug)]
enum Engine {
    /// A compressor, and where the memory of its state is.
    Deflater(Deflater, Block),
    Inflater(Inflater),
}

impl State {
    /// The state from the pool, or a new one, ready to go on after `history`, which only compressors
    /// have. This takes a while: the pool should not be locked meanwhile, as a thread that has lost
    /// its core would keep the event loop waiting for it.
    pub(super) fn ready(
        spare: Option<Self>,
        kind: &Kind,
        history: &[u8],
        for_a_message: bool,
        meter: &Meter,
    ) -> Self {
        match (spare, kind) {
            (Some(mut state), _) => {
                match (&mut state.engine, kind) {
                    (Engine::Deflater(deflater, _), _) => deflater.restart(history),
                    (Engine::Inflater(inflater), Kind::Inflate { dictionary, .. }) => {
                        inflater.restart(dictionary.clone());
                    }
                    (Engine::Inflater(inflater), Kind::Deflate(_)) => inflater.reset(),
                }
                state
            }
            (None, Kind::Deflate(options)) => {
                let charge = meter.charge(options.state_bytes());
                let mut options = options.clone();
                options.dictionary = Vec::new();
                let (mut deflater, memory) = with_largest_block(|| Deflater::new(options));
                if !history.is_empty() {
                    deflater.restart(history);
                }
                Self {
                    engine: Engine::Deflater(deflater, memory),
                    _charge: charge,
                }
            }
            (None, Kind::Inflate { dictionary, .. }) => {
                let bits = kind.inflater_bits(for_a_message);
                let charge = meter.charge(Inflater::state_bytes(bits));
                Self {
                    engine: Engine::Inflater(Inflater::new(bits, dictionary.clone())),
                    _charge: charge,
                }
            }
        }
    }

    /// Has a compressor go on after `history` instead of what it has done.
    pub(super) fn go_on_after(&mut self, history: &[u8]) {
        if let Engine::Deflater(deflater, _) = &mut self.engine {
            deflater.restart(history);
        }
    }

    /// What it was made with, if it compresses.
    pub(super) const fn deflate_options(&self) -> Option<&DeflateOptions> {
        match &self.engine {
            Engine::Deflater(deflater, _) => Some(deflater.options()),
            Engine::Inflater(_) => None,
        }
    }

    /// The base-2 logarithm of its window, if it decompresses.
    pub(super) const fn inflate_bits(&self) -> Option<u8> {
        match &self.engine {
            Engine::Deflater(..) => None,
            Engine::Inflater(inflater) => Some(inflater.window_bits()),
        }
    }

    /// Has what a connection kept since its last message brought into the cache, if that is worth it
    /// for `payload`: a compressor uses its 290 kB all over.
    pub(super) fn prefetch(&self, payload: &[u8]) {
        if let Engine::Deflater(_, memory) = &self.engine
            && payload.len() >= PREFETCH
        {
            memory.prefetch();
        }
    }

    /// Does the work for as long as the event loop may be held up; `now` is the time since any
    /// moment, and asked for only if there are several parts.
    ///
    /// # Returns
    /// How much of the payload is done, if not all.
    pub(super) fn run_inline(
        &mut self,
        payload: &[u8],
        task: Task,
        out: &mut Vec<u8>,
        mut now: impl FnMut() -> Duration,
    ) -> Result<Option<usize>, CompressionError> {
        let part = match &self.engine {
            Engine::Deflater(deflater, _) => deflate_part(deflater.options().level),
            Engine::Inflater(_) => INFLATE_PART,
        };
        if payload.len() > part {
            let start = now();
            let mut done = 0;
            while done + part < payload.len() {
                self.write(&payload[done..done + part], task, out)?;
                done += part;
                if now().saturating_sub(start) > INLINE_TIME {
                    return Ok(Some(done));
                }
            }
            self.run(&payload[done..], task, out)?;
        } else {
            self.run(payload, task, out)?;
        }
        Ok(None)
    }

    /// Does the work part by part, and leaves off when there are more than `most` bytes.
    ///
    /// # Returns
    /// How much of the payload is done, if not all.
    pub(super) fn run_parts(
        &mut self,
        payload: &[u8],
        task: Task,
        (part, most): (usize, usize),
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, CompressionError> {
        let mut done = 0;
        while done + part < payload.len() {
            self.write(&payload[done..done + part], task, out)?;
            done += part;
            if out.len() > most {
                return Ok(Some(done));
            }
        }
        self.run(&payload[done..], task, out)?;
        Ok(None)
    }

    /// Does the work, or what is left of it.
    pub(super) fn run(
        &mut self,
        payload: &[u8],
        task: Task,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        self.write(payload, task, out)?;
        match &mut self.engine {
            Engine::Deflater(deflater, _) => deflater.flush(task.fin, out),
            Engine::Inflater(inflater) => {
                if task.fin {
                    inflater.finish(task.limit, out)?;
                }
                if inflater.is_past_end() {
                    inflater.reset();
                }
                Ok(())
            }
        }
    }

    fn write(
        &mut self,
        part: &[u8],
        task: Task,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        match &mut self.engine {
            Engine::Deflater(deflater, _) => deflater.write(part, out),
            Engine::Inflater(inflater) => inflater.write(part, task.limit, out),
        }
    }
}

/// A part of a payload to be compressed: about half a millisecond at worst, when every position has
/// as many candidates for a match as the level looks at (32, 128, 256, 1,024, 4,096).
const fn deflate_part(level: i32) -> usize {
    match level {
        ..=5 => 4096,
        6 => 1024,
        7 => 512,
        8 => 128,
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Task = Task::message(false, usize::MAX);

    fn deflater(level: i32) -> State {
        let kind = Kind::Deflate(DeflateOptions {
            level,
            ..DeflateOptions::default()
        });
        State::ready(None, &kind, &[], false, &Meter::default())
    }

    #[test]
    fn the_clock_is_looked_at_after_each_part_only() {
        let mut looks = 0;
        let mut out = Vec::new();
        let mut state = deflater(5);
        let mut look = || {
            looks += 1;
            Duration::ZERO
        };
        assert_eq!(
            state.run_inline(&[b'a'; 4096], WHOLE, &mut out, &mut look),
            Ok(None)
        );
        assert_eq!(
            state.run_inline(&[b'a'; 8193], WHOLE, &mut out, &mut look),
            Ok(None)
        );
        // At the start, and after two of three parts.
        assert_eq!(looks, 3);
    }

    #[test]
    fn what_takes_longer_than_half_a_millisecond_is_left_off() {
        let mut time = Duration::ZERO;
        let mut out = Vec::new();
        let done = deflater(9).run_inline(&[b'a'; 1000], WHOLE, &mut out, || {
            time += Duration::from_micros(200);
            time
        });
        // 200 µs after the first look at the first part, 600 at the third.
        assert_eq!(done, Ok(Some(3 * 32)));
    }
}
