//! Decompression of incoming messages (RFC 7692, section 7.2.2).

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::CompressionError;

/// What the sender left out at the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The least and, at first, the most space that the output gets per step.
const MIN_SPACE: usize = 256;
const FIRST_SPACE: usize = 16 * 1024;

/// A raw DEFLATE decompressor that keeps its context from message to message.
#[derive(Debug)]
pub struct Inflater {
    engine: Decompress,
    window_bits: u8,
    dictionary: Vec<u8>,
    ended: bool,
    past_end: bool,
}

impl Inflater {
    /// A decompressor for a window of 2^`window_bits` bytes (8 to 15; 8 becomes 9, as in zlib).
    /// An empty `dictionary` is none.
    #[must_use]
    pub fn new(window_bits: u8, dictionary: Vec<u8>) -> Self {
        let window_bits = window_bits.clamp(9, 15);
        let mut inflater = Self {
            engine: Decompress::new_with_window_bits(false, window_bits),
            window_bits,
            dictionary,
            ended: false,
            past_end: false,
        };
        inflater.prime();
        inflater
    }

    /// Appends what `payload` inflates to, at most `limit` bytes, to `out`; `fin` tells that it
    /// ends the message.
    ///
    /// # Errors
    /// [`CompressionError::TooLong`] as soon as the output would pass `limit`, before the memory
    /// for it is taken; [`CompressionError::Corrupt`] for bytes that are no DEFLATE stream. The
    /// decompressor is then of no further use.
    pub fn decompress(
        &mut self,
        payload: &[u8],
        fin: bool,
        limit: Option<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let end = limit.map_or(usize::MAX, |limit| out.len().saturating_add(limit));
        self.write(payload, end, out)?;
        if fin { self.finish(end, out) } else { Ok(()) }
    }

    /// The first half of [`decompress`](Self::decompress), for a part of the payload: whoever must
    /// not be held up for long can stop between two parts. `out` must not become longer than `end`.
    ///
    /// # Errors
    /// As of [`decompress`](Self::decompress).
    pub fn write(
        &mut self,
        part: &[u8],
        end: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        self.run(part, end, out)
    }

    /// The second half of [`decompress`](Self::decompress), after the last part of a message.
    ///
    /// # Errors
    /// As of [`decompress`](Self::decompress).
    pub fn finish(&mut self, end: usize, out: &mut Vec<u8>) -> Result<(), CompressionError> {
        self.run(&TAIL, end, out)
    }

    /// Whether the sender ended its stream (a block with BFINAL set): it begins a new one with the
    /// next message, so this decompressor must be [`reset`](Self::reset) for it.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether bytes came behind the end of the stream; they were dropped. Node's zlib takes its end
    /// for seen then, not before, so that `ws` begins anew with the next frame, of whatever message.
    #[must_use]
    pub const fn is_past_end(&self) -> bool {
        self.past_end
    }

    /// Forgets the context, and has `dictionary` from now on.
    pub fn restart(&mut self, dictionary: Vec<u8>) {
        self.dictionary = dictionary;
        self.reset();
    }

    /// The window's base-2 logarithm, 9 to 15.
    #[must_use]
    pub const fn window_bits(&self) -> u8 {
        self.window_bits
    }

    /// The bytes that a decompressor for a window of 2^`window_bits` bytes takes.
    #[must_use]
    pub fn state_bytes(window_bits: u8) -> usize {
        const TABLES: usize = 15 * 1024;
        TABLES + (1 << window_bits.clamp(9, 15))
    }

    /// Forgets the context.
    pub fn reset(&mut self) {
        // `Decompress::reset` would do, but makes a new state anyway unless the window is 2^15.
        if self.window_bits == 15 {
            self.engine.reset(false);
        } else {
            self.engine = Decompress::new_with_window_bits(false, self.window_bits);
        }
        self.ended = false;
        self.past_end = false;
        self.prime();
    }

    fn prime(&mut self) {
        if !self.dictionary.is_empty() {
            // A refused dictionary shows as a corrupt stream at the first reference to it.
            let _ = self.engine.set_dictionary(&self.dictionary);
        }
    }

    fn run(
        &mut self,
        mut input: &[u8],
        end: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        while !self.ended {
            let spare = out.capacity() - out.len();
            let space = match space_for(input.len(), out.len()) {
                space if spare < MIN_SPACE => space,
                space => spare.min(space),
            };
            // One byte beyond the limit, so that passing it is seen.
            let space = space.min(end.saturating_sub(out.len()).saturating_add(1));
            if out.capacity() - out.len() < space {
                out.try_reserve_exact(space)
                    .map_err(|_| CompressionError::OutOfMemory)?;
            }
            let before = self.engine.total_in();
            let status = self
                .engine
                .decompress_vec(input, out, FlushDecompress::Sync)
                .map_err(|error| match error.needs_dictionary() {
                    Some(_) => CompressionError::Corrupt("Missing dictionary"),
                    None => CompressionError::Corrupt(describe(&error)),
                })?;
            input = &input[(self.engine.total_in() - before) as usize..];
            if out.len() > end {
                return Err(CompressionError::TooLong);
            }
            self.ended = status == Status::StreamEnd;
            // Room left over means that all there was has been written.
            if out.len() < out.capacity() && (input.is_empty() || status == Status::BufError) {
                return Ok(());
            }
        }
        self.past_end |= !input.is_empty();
        Ok(())
    }
}

/// Text compresses to about a third; what is already there is doubled.
fn space_for(input: usize, output: usize) -> usize {
    let first = input.saturating_mul(4).clamp(MIN_SPACE, FIRST_SPACE);
    first.max(output)
}

/// zlib's own words for what is wrong with the stream. zlib-rs loses them where its fast loop finds
/// the fault ("repeated call with bad state"): then the last line speaks.
fn describe(error: &flate2::DecompressError) -> &'static str {
    /// The messages of zlib's inflate; flate2 lends them for as long as the error lives only.
    const KNOWN: &[&str] = &[
        "invalid block type",
        "invalid stored block lengths",
        "too many length or distance symbols",
        "invalid code lengths set",
        "invalid bit length repeat",
        "invalid code -- missing end-of-block",
        "invalid literal/lengths set",
        "invalid distances set",
        "invalid literal/length code",
        "invalid distance code",
        "invalid distance too far back",
    ];
    let message = error.message().unwrap_or_default();
    KNOWN
        .iter()
        .find(|known| **known == message)
        .unwrap_or(&"invalid deflate data")
}
