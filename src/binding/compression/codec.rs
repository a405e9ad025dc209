//! One direction of one connection: what it compresses or decompresses with.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ws_rs_protocol::{CompressionError, DeflateOptions, Deflater, Inflater};

use super::pool::WINDOW_BITS;
use ws_rs_engine::allocator::{Block, with_largest_block};

/// How long a message may hold the event loop up; what is left of it then goes to another thread.
const INLINE_TIME: Duration = Duration::from_micros(500);

/// A part of a compressed payload. DEFLATE makes 1,032 bytes of one at most: the clock is looked at
/// after each MiB.
const INFLATE_PART: usize = 1024;

/// The least payload for which a compressor that was kept is prefetched. At 16 KiB, with 100
/// connections, that spares 29 % of all CPU time; at 8 KiB it costs 5 %, at 1 KiB a third.
const PREFETCH: usize = 12 * 1024;

/// What was sent last, kept to go on with when the compressor has gone to another connection. To
/// take up 4 KiB costs as much as to compress 1 KiB without a context (measured: 9 and 13 µs).
const HISTORY: usize = 4 * 1024;

/// A connection whose last message was long may send short ones next: no more memory than this is
/// taken before it is needed.
const MOST_EXPECTED: usize = 1024 * 1024;

/// A compressor or decompressor, wherever it is.
#[derive(Debug)]
pub(crate) enum State {
    Deflater(Compressor),
    Inflater(Inflater),
}

/// A compressor, and where the memory of its state is.
#[derive(Debug)]
pub(crate) struct Compressor {
    deflater: Deflater,
    memory: Block,
}

/// What states are made with.
#[derive(Debug)]
pub(crate) enum Kind {
    Deflate(DeflateOptions),
    Inflate {
        window_bits: u8,
        dictionary: Vec<u8>,
    },
}

#[derive(Debug)]
pub(crate) struct Codec {
    pub(crate) kind: Arc<Kind>,
    /// From the first message that needs it to the end of its context.
    pub(crate) state: Option<State>,
    /// A job on another thread has the state.
    pub(crate) busy: bool,
    /// What is left of a message that took too long.
    pub(crate) rest: Option<Rest>,
    /// Whether it is on the list of those that keep a compressor, and was used since last looked at.
    pub(crate) kept: bool,
    pub(crate) used: bool,
    /// How long the last result was that another thread made: the next one is made in as much.
    pub(crate) last_len: usize,
    history: Vec<u8>,
}

/// One piece of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    pub(crate) fin: bool,
    /// Forget the context after the message.
    pub(crate) reset: bool,
    /// The most bytes to inflate to.
    pub(crate) limit: usize,
}

/// Work to go on with on another thread.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) payload: Vec<u8>,
    /// What a state from the pool is to go on after.
    pub(crate) history: Vec<u8>,
    pub(crate) out: Vec<u8>,
    pub(crate) task: Task,
}

impl Codec {
    pub(crate) fn new(kind: Kind) -> Self {
        let history = match &kind {
            Kind::Deflate(options) => options.dictionary.clone(),
            Kind::Inflate { .. } => Vec::new(),
        };
        Self {
            kind: Arc::new(kind),
            state: None,
            busy: false,
            rest: None,
            kept: false,
            used: false,
            last_len: 0,
            history,
        }
    }

    /// What a new compressor is to go on after.
    pub(crate) fn history(&self) -> &[u8] {
        &self.history
    }

    /// Notes what is being sent.
    pub(crate) fn remember(&mut self, payload: &[u8]) {
        let new = &payload[payload.len().saturating_sub(HISTORY)..];
        let old = self.history.len().min(HISTORY - new.len());
        self.history.drain(..self.history.len() - old);
        self.history.extend_from_slice(new);
    }

    /// Begins anew with the next message.
    pub(crate) fn forget(&mut self) {
        let Kind::Deflate(options) = &*self.kind else {
            return;
        };
        if self.history != options.dictionary {
            self.history = options.dictionary.clone();
        }
    }
}

impl Rest {
    /// Makes room for a result about as long as the last one, if there is memory for it: without, it
    /// is made in steps.
    pub(crate) fn expect(&mut self, last_len: usize) {
        let most = self.task.limit.min(MOST_EXPECTED);
        let _ = self
            .out
            .try_reserve_exact((last_len + last_len / 16 + 64).min(most));
    }
}

impl Compressor {
    pub(crate) fn new(options: DeflateOptions) -> Self {
        let (deflater, memory) = with_largest_block(|| Deflater::new(options));
        Self { deflater, memory }
    }
}

impl Deref for Compressor {
    type Target = Deflater;

    fn deref(&self) -> &Deflater {
        &self.deflater
    }
}

impl DerefMut for Compressor {
    fn deref_mut(&mut self) -> &mut Deflater {
        &mut self.deflater
    }
}

impl Kind {
    /// The window of a decompressor, which may be larger than was agreed on if it is for one message.
    pub(super) fn inflater_bits(&self, for_a_message: bool) -> u8 {
        match self {
            Self::Inflate { window_bits, .. } if !for_a_message => *window_bits,
            _ => WINDOW_BITS,
        }
    }
}

impl State {
    /// The state from the pool, or a new one, ready to go on after `history`, which only compressors
    /// have. This takes a while: the pool should not be locked meanwhile, as a thread that has lost
    /// its core would keep the event loop waiting for it.
    pub(crate) fn ready(
        spare: Option<Self>,
        kind: &Kind,
        history: &[u8],
        for_a_message: bool,
    ) -> Self {
        match (spare, kind) {
            (Some(Self::Deflater(mut deflater)), _) => {
                deflater.restart(history);
                Self::Deflater(deflater)
            }
            (Some(Self::Inflater(mut inflater)), Kind::Inflate { dictionary, .. }) => {
                inflater.restart(dictionary.clone());
                Self::Inflater(inflater)
            }
            (_, Kind::Deflate(options)) => {
                let mut options = options.clone();
                options.dictionary = Vec::new();
                let mut deflater = Compressor::new(options);
                if !history.is_empty() {
                    deflater.restart(history);
                }
                Self::Deflater(deflater)
            }
            (_, Kind::Inflate { dictionary, .. }) => {
                let bits = kind.inflater_bits(for_a_message);
                Self::Inflater(Inflater::new(bits, dictionary.clone()))
            }
        }
    }

    /// Has what a connection kept since its last message brought into the cache, if that is worth it
    /// for `payload`: a compressor uses its 290 kB all over.
    pub(crate) fn prefetch(&self, payload: &[u8]) {
        if let Self::Deflater(compressor) = self
            && payload.len() >= PREFETCH
        {
            compressor.memory.prefetch();
        }
    }

    /// Does the work for as long as the event loop may be held up.
    ///
    /// # Returns
    /// How much of the payload is done, if not all.
    pub(crate) fn run_inline(
        &mut self,
        payload: &[u8],
        task: Task,
        out: &mut Vec<u8>,
    ) -> Result<Option<usize>, CompressionError> {
        let part = match self {
            Self::Deflater(deflater) => deflate_part(deflater.options().level),
            Self::Inflater(_) => INFLATE_PART,
        };
        if payload.len() > part {
            let start = Instant::now();
            let mut done = 0;
            while done + part < payload.len() {
                self.write(&payload[done..done + part], task, out)?;
                done += part;
                if start.elapsed() > INLINE_TIME {
                    return Ok(Some(done));
                }
            }
            self.run(&payload[done..], task, out)?;
        } else {
            self.run(payload, task, out)?;
        }
        Ok(None)
    }

    /// Does the work, or what is left of it.
    pub(crate) fn run(
        &mut self,
        payload: &[u8],
        task: Task,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        self.write(payload, task, out)?;
        match self {
            Self::Deflater(deflater) => deflater.flush(task.fin, out),
            Self::Inflater(inflater) => {
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
        match self {
            Self::Deflater(deflater) => deflater.write(part, out),
            Self::Inflater(inflater) => inflater.write(part, task.limit, out),
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
