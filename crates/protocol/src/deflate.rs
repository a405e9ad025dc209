//! Compression of outgoing messages (RFC 7692, section 7.2.1).

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::error::CompressionError;

/// The end of every sync flush, which the last frame of a message leaves out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

const DEFAULT_LEVEL: i32 = 6;
const DEFAULT_MEM_LEVEL: u8 = 8;

/// The output grows in steps of at least this, so that short messages need one.
const MIN_ROOM: usize = 128;

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
    /// 1 (least memory) to 9; zlib's default is 8.
    pub mem_level: u8,
    /// How matches are looked for.
    pub strategy: Strategy,
    /// Bytes that both sides take for already sent; empty for none.
    pub dictionary: Vec<u8>,
}

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

/// A raw DEFLATE compressor that can keep its context from message to message.
#[derive(Debug)]
pub struct Deflater {
    engine: Engine,
    dictionary: Vec<u8>,
}

impl Deflater {
    /// A compressor with `options`; values out of range are brought into it.
    #[must_use]
    pub fn new(options: DeflateOptions) -> Self {
        let mut deflater = Self {
            engine: Engine::new(&options),
            dictionary: options.dictionary,
        };
        deflater.prime();
        deflater
    }

    /// Appends the compressed form of `payload` to `out`; `fin` tells that it ends the message.
    ///
    /// # Errors
    /// [`CompressionError::Corrupt`] if the engine refuses to go on; the compressor is then of no
    /// further use.
    pub fn compress(
        &mut self,
        payload: &[u8],
        fin: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let start = out.len();
        // Two steps, as zlib streams of Node do it, the first even without input: nothing new then
        // still yields its one byte, which a flush right after another flush leaves out.
        self.run(payload, false, out)?;
        self.run(&[], true, out)?;
        if fin && out[start..].ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        Ok(())
    }

    /// Forgets the context, as "no context takeover" asks for between messages.
    pub fn reset(&mut self) {
        self.engine.reset();
        self.prime();
    }

    fn prime(&mut self) {
        if !self.dictionary.is_empty() {
            self.engine.set_dictionary(&self.dictionary);
        }
    }

    fn run(
        &mut self,
        mut input: &[u8],
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        loop {
            let room = MIN_ROOM.max(input.len() / 2);
            out.try_reserve(room)
                .map_err(|_| CompressionError::OutOfMemory)?;
            let used = self.engine.step(input, flush, out)?;
            input = &input[used..];
            // Room left over means that all there was has been written.
            if input.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }
}

/// flate2, or the zlib-rs beneath it where an option is asked for that flate2 does not pass on.
enum Engine {
    Flate2(Compress),
    ZlibRs(zlib_rs::Deflate),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Flate2(_) => "Flate2",
            Self::ZlibRs(_) => "ZlibRs",
        })
    }
}

impl Engine {
    fn new(options: &DeflateOptions) -> Self {
        let level = match options.level {
            level @ 0..=9 => level,
            _ => DEFAULT_LEVEL,
        };
        let window_bits = options.window_bits.clamp(9, 15);
        if options.mem_level == DEFAULT_MEM_LEVEL && options.strategy == Strategy::Default {
            let level = Compression::new(level as u32);
            return Self::Flate2(Compress::new_with_window_bits(level, false, window_bits));
        }
        Self::ZlibRs(zlib_rs::Deflate::new_with_config(zlib_rs::DeflateConfig {
            level,
            window_bits: -i32::from(window_bits),
            mem_level: i32::from(options.mem_level.clamp(1, 9)),
            strategy: match options.strategy {
                Strategy::Default => zlib_rs::Strategy::Default,
                Strategy::Filtered => zlib_rs::Strategy::Filtered,
                Strategy::HuffmanOnly => zlib_rs::Strategy::HuffmanOnly,
                Strategy::Rle => zlib_rs::Strategy::Rle,
                Strategy::Fixed => zlib_rs::Strategy::Fixed,
            },
            ..zlib_rs::DeflateConfig::default()
        }))
    }

    /// One call into the engine; writes into the spare room of `out`, returns the input used.
    fn step(
        &mut self,
        input: &[u8],
        flush: bool,
        out: &mut Vec<u8>,
    ) -> Result<usize, CompressionError> {
        match self {
            Self::Flate2(engine) => {
                let before = engine.total_in();
                let flush = if flush {
                    FlushCompress::Sync
                } else {
                    FlushCompress::None
                };
                match engine.compress_vec(input, out, flush) {
                    Ok(Status::Ok | Status::BufError) => Ok((engine.total_in() - before) as usize),
                    Ok(Status::StreamEnd) | Err(_) => {
                        Err(CompressionError::Corrupt("stream error"))
                    }
                }
            }
            Self::ZlibRs(engine) => {
                let (before_in, before_out) = (engine.total_in(), engine.total_out());
                let flush = if flush {
                    zlib_rs::DeflateFlush::SyncFlush
                } else {
                    zlib_rs::DeflateFlush::NoFlush
                };
                let start = out.len();
                // `compress` wants initialised memory, which keeps this free of `unsafe`.
                out.resize(out.capacity(), 0);
                let result = engine.compress(input, &mut out[start..], flush);
                out.truncate(start + (engine.total_out() - before_out) as usize);
                match result {
                    Ok(zlib_rs::Status::Ok | zlib_rs::Status::BufError) => {
                        Ok((engine.total_in() - before_in) as usize)
                    }
                    Ok(zlib_rs::Status::StreamEnd) => {
                        Err(CompressionError::Corrupt("stream error"))
                    }
                    Err(error) => Err(CompressionError::Corrupt(error.as_str())),
                }
            }
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Flate2(engine) => engine.reset(),
            Self::ZlibRs(engine) => engine.reset(),
        }
    }

    /// A dictionary that the engine refuses is left out: the stream stays valid without it.
    fn set_dictionary(&mut self, dictionary: &[u8]) {
        match self {
            Self::Flate2(engine) => {
                let _ = engine.set_dictionary(dictionary);
            }
            Self::ZlibRs(engine) => {
                let _ = engine.set_dictionary(dictionary);
            }
        }
    }
}
