//! Compression of outgoing messages (RFC 7692, section 7.2.1).
//!
//! On zlib-rs itself, the engine beneath flate2: flate2 does not pass `memLevel` and `strategy` on.

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use crate::error::CompressionError;

/// The end of every sync flush, which the last frame of a message leaves out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

const DEFAULT_LEVEL: i32 = 6;

/// The output grows in steps of at least this, so that short messages need one.
const MIN_SPACE: usize = 128;

/// zlib's compression strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Matches and Huffman codes.
    #[default]
    Default,
    /// Fewer short matches, for filtered data.
    Filtered,
    /// No matches.
    HuffmanOnly,
    /// Matches of distance one.
    Rle,
    /// No dynamic Huffman codes.
    Fixed,
}

/// What a compressor is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflateOptions {
    /// 0 (stored) to 9 (smallest); -1 is zlib's default, 6.
    pub level: i32,
    /// The base-2 logarithm of the window, 8 to 15; 8 becomes 9, as in zlib.
    pub window_bits: u8,
    /// 1 (least memory) to 9; zlib's default is 8, this one's [`DEFAULT_MEM_LEVEL`].
    pub mem_level: u8,
    /// How matches are looked for.
    pub strategy: Strategy,
    /// Bytes that both sides take for already sent; empty for none.
    pub dictionary: Vec<u8>,
}

/// Blocks of 4,096 symbols. What comes out is as small as with zlib's 8 (measured on JSON, prose and
/// code: the same up to 4 KiB, 0.6 % longer at most up to 64 KiB), a state 86 kB smaller.
pub const DEFAULT_MEM_LEVEL: u8 = 6;

impl Default for DeflateOptions {
    fn default() -> Self {
        Self {
            level: DEFAULT_LEVEL,
            window_bits: 15,
            mem_level: DEFAULT_MEM_LEVEL,
            strategy: Strategy::Default,
            dictionary: Vec::new(),
        }
    }
}

impl DeflateOptions {
    /// The same with every value in its range.
    #[must_use]
    pub fn in_range(mut self) -> Self {
        self.level = match self.level {
            level @ 0..=9 => level,
            _ => DEFAULT_LEVEL,
        };
        self.window_bits = self.window_bits.clamp(9, 15);
        self.mem_level = self.mem_level.clamp(1, 9);
        self
    }

    /// The bytes that a compressor with these options takes: window, chains, hash table, symbols.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        const HASH_TABLE: usize = 128 * 1024;
        const REST: usize = 6 * 1024;
        let window = 1 << self.window_bits.clamp(9, 15);
        let symbols = 1 << (self.mem_level.clamp(1, 9) + 6);
        4 * window + 7 * symbols + HASH_TABLE + REST
    }
}

/// A raw DEFLATE compressor that can keep its context from message to message.
pub struct Deflater {
    engine: Deflate,
    options: DeflateOptions,
    /// Whether a message was begun and not flushed.
    is_open: bool,
}

impl Deflater {
    /// A compressor with `options`; values out of range are brought into it.
    #[must_use]
    pub fn new(options: DeflateOptions) -> Self {
        let options = options.in_range();
        let engine = Deflate::new_with_config(DeflateConfig {
            level: options.level,
            window_bits: -i32::from(options.window_bits),
            mem_level: i32::from(options.mem_level),
            strategy: match options.strategy {
                Strategy::Default => zlib_rs::Strategy::Default,
                Strategy::Filtered => zlib_rs::Strategy::Filtered,
                Strategy::HuffmanOnly => zlib_rs::Strategy::HuffmanOnly,
                Strategy::Rle => zlib_rs::Strategy::Rle,
                Strategy::Fixed => zlib_rs::Strategy::Fixed,
            },
            ..DeflateConfig::default()
        });
        let mut deflater = Self {
            engine,
            options,
            is_open: false,
        };
        deflater.prime();
        deflater
    }

    /// Appends the compressed form of `payload` to `out`; `fin` tells that it ends the message.
    ///
    /// # Errors
    /// [`CompressionError::Corrupt`] if the engine refuses to go on; the compressor must then be
    /// [`reset`](Self::reset). [`CompressionError::OutOfMemory`] if `out` cannot grow.
    pub fn compress(
        &mut self,
        payload: &[u8],
        fin: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        self.write(payload, out)?;
        self.flush(fin, out)
    }

    /// The first half of [`compress`](Self::compress), for a part of the payload: whoever must not
    /// be held up for long can stop between two parts.
    ///
    /// # Errors
    /// As of [`compress`](Self::compress).
    pub fn write(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
        self.is_open = true;
        // Also without input: nothing new between two flushes still yields its one byte then.
        self.run(part, DeflateFlush::NoFlush, out)
    }

    /// The second half of [`compress`](Self::compress), once for all parts.
    ///
    /// # Errors
    /// As of [`compress`](Self::compress).
    pub fn flush(&mut self, fin: bool, out: &mut Vec<u8>) -> Result<(), CompressionError> {
        let start = out.len();
        self.run(&[], DeflateFlush::SyncFlush, out)?;
        if fin && out[start..].ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        self.is_open = false;
        Ok(())
    }

    /// Forgets the context, as "no context takeover" asks for between messages.
    pub fn reset(&mut self) {
        self.reset_engine();
        self.prime();
    }

    /// Forgets the context and takes `history` for what was sent last. The peer sees no difference:
    /// matches may reach back to anything that it still has.
    pub fn restart(&mut self, history: &[u8]) {
        self.reset_engine();
        self.set_dictionary_of(history);
    }

    /// The options, every value in its range.
    #[must_use]
    pub const fn options(&self) -> &DeflateOptions {
        &self.options
    }

    /// zlib-rs does not forget that a block of level 1 is open: whatever came next was corrupt.
    fn reset_engine(&mut self) {
        if self.is_open {
            self.is_open = false;
            // What is left of a message that nobody will get.
            let _ = self.run(&[], DeflateFlush::SyncFlush, &mut Vec::new());
        }
        self.engine.reset();
    }

    fn prime(&mut self) {
        let dictionary = std::mem::take(&mut self.options.dictionary);
        self.set_dictionary_of(&dictionary);
        self.options.dictionary = dictionary;
    }

    /// A dictionary that the engine refuses is left out: the stream stays valid without it.
    fn set_dictionary_of(&mut self, dictionary: &[u8]) {
        if !dictionary.is_empty() {
            let _ = self.engine.set_dictionary(dictionary);
        }
    }

    fn run(
        &mut self,
        mut input: &[u8],
        flush: DeflateFlush,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        loop {
            let start = out.len();
            let least = MIN_SPACE.max(input.len() / 2);
            let spare = out.capacity() - start;
            let space = if spare < MIN_SPACE {
                least
            } else {
                spare.min(least)
            };
            out.try_reserve(space)
                .map_err(|_| CompressionError::OutOfMemory)?;
            // Initialised memory keeps this free of `unsafe`, for less than a thousandth of the time.
            out.resize(start + space, 0);
            let (before_in, before_out) = (self.engine.total_in(), self.engine.total_out());
            let result = self.engine.compress(input, &mut out[start..], flush);
            let written = (self.engine.total_out() - before_out) as usize;
            out.truncate(start + written);
            match result {
                Ok(Status::Ok | Status::BufError) => {}
                Ok(Status::StreamEnd) => return Err(CompressionError::Corrupt("stream error")),
                Err(error) => return Err(CompressionError::Corrupt(error.as_str())),
            }
            input = &input[(self.engine.total_in() - before_in) as usize..];
            // Room left over means that all there was has been written.
            if input.is_empty() && written < space {
                return Ok(());
            }
        }
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deflater")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
