//! permessage-deflate (RFC 7692): a message compressed once, and answers inflated on one connection only.

use anyhow::{Result, bail, ensure};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What the client offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Offer {
    /// Both sides may refer back to earlier messages.
    Takeover,
    /// Both sides start afresh with each message.
    NoTakeover,
}

impl Offer {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "takeover" => Ok(Self::Takeover),
            "no-takeover" => Ok(Self::NoTakeover),
            _ => bail!("--deflate takes takeover or no-takeover, not {text:?}"),
        }
    }

    /// The value of Sec-WebSocket-Extensions.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Takeover => "permessage-deflate",
            Self::NoTakeover => {
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            }
        }
    }
}

/// What a flush ends in and a message leaves out (RFC 7692, section 7.2.1).
const TAIL: &[u8] = b"\x00\x00\xff\xff";

/// Compresses `payload` without reference to anything before it, so that the result can be sent any number of times
/// whatever was negotiated.
pub(crate) fn compress(payload: &[u8]) -> Result<Vec<u8>> {
    let mut state = Compress::new(Compression::default(), false);
    // Deflate grows data that it cannot compress by 5 bytes in 16 KiB.
    let mut output = Vec::with_capacity(payload.len() + payload.len() / 1024 + 64);
    state.compress_vec(payload, &mut output, FlushCompress::Sync)?;
    ensure!(
        state.total_in() == payload.len() as u64 && output.ends_with(TAIL),
        "the message did not compress"
    );
    output.truncate(output.len() - TAIL.len());
    Ok(output)
}

/// Inflates one connection's answers, all of them: with context takeover each needs those before it.
pub(crate) struct Inflater {
    state: Decompress,
    offer: Offer,
    output: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new(offer: Offer) -> Self {
        Self {
            state: Decompress::new(false),
            offer,
            output: Vec::new(),
        }
    }

    /// The message whose compressed payload is `payload`; an answer longer than `limit` bytes is an error.
    pub(crate) fn inflate(&mut self, payload: &mut Vec<u8>, limit: usize) -> Result<&[u8]> {
        if self.offer == Offer::NoTakeover {
            self.state.reset(false);
        }
        payload.extend(TAIL);
        self.output.clear();
        self.output.reserve(limit + 1);
        let before = self.state.total_in();
        let status = self
            .state
            .decompress_vec(payload, &mut self.output, FlushDecompress::Sync)?;
        let used = self.state.total_in() - before;
        ensure!(
            status != Status::StreamEnd
                && used == payload.len() as u64
                && self.output.len() <= limit,
            "the server's compressed answer is malformed or too long"
        );
        Ok(&self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_message_inflates_to_itself_again_and_again() {
        let payload = b"all work and no play ".repeat(50);
        for offer in [Offer::Takeover, Offer::NoTakeover] {
            let mut inflater = Inflater::new(offer);
            let compressed = compress(&payload).unwrap();
            assert!(compressed.len() < payload.len() / 5);
            for _ in 0..3 {
                assert_eq!(
                    inflater
                        .inflate(&mut compressed.clone(), payload.len())
                        .unwrap(),
                    payload
                );
            }
        }
    }

    #[test]
    fn an_answer_that_is_too_long_or_broken_is_an_error() {
        let mut compressed = compress(&[b'a'; 1000]).unwrap();
        assert!(
            Inflater::new(Offer::Takeover)
                .inflate(&mut compressed.clone(), 999)
                .is_err()
        );
        compressed[0] ^= 0x06;
        assert!(
            Inflater::new(Offer::Takeover)
                .inflate(&mut compressed, 1000)
                .is_err()
        );
    }
}
