//! The message that a run sends over and over.

use anyhow::Result;

use crate::deflate;
use crate::frame::{self, BINARY, TEXT};
use crate::options::Load;

pub(crate) struct Message {
    /// What the server should hand to its program and send back.
    pub(crate) payload: Vec<u8>,
    pub(crate) opcode: u8,
    /// The payload as it travels, if it travels compressed.
    compressed: Option<Vec<u8>>,
}

impl Message {
    pub(crate) fn new(load: &Load) -> Result<Self> {
        let payload = match load.text || load.deflate.is_some() {
            true => prose(load.size),
            false => noise(load.size),
        };
        let compressed = load
            .deflate
            .map(|_| deflate::compress(&payload))
            .transpose()?;
        Ok(Self {
            payload,
            opcode: if load.text { TEXT } else { BINARY },
            compressed,
        })
    }

    /// Whether answers may come compressed.
    pub(crate) fn deflates(&self) -> bool {
        self.compressed.is_some()
    }

    /// The frame that connection number `index` sends, masked with a key of its own.
    pub(crate) fn frame(&self, index: usize) -> Vec<u8> {
        let key = (index as u32)
            .wrapping_mul(0x9e37_79b9)
            .wrapping_add(0x7f4a_7c15)
            .to_be_bytes();
        let wire = self.compressed.as_ref().unwrap_or(&self.payload);
        frame::client_frame(self.opcode, self.compressed.is_some(), key, wire)
    }
}

/// Bytes without a pattern that a wrong mask or offset would leave unnoticed (xorshift32).
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let step = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    std::iter::repeat_with(step).take(size).collect()
}

/// JSON-like ASCII text with differing numbers: compresses about as records sent to a browser do.
fn prose(size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + 64);
    for (index, byte) in noise(size.div_ceil(32) + 1).into_iter().enumerate() {
        if text.len() >= size {
            break;
        }
        text.extend(
            format!(
                "{{\"id\":{index},\"kind\":\"trade\",\"price\":{}.{byte}}},",
                index * 37 % 1009
            )
            .bytes(),
        );
    }
    text.truncate(size);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_size_asked_for() {
        for size in [0, 1, 31, 32, 125, 1024, 65536] {
            assert_eq!((noise(size).len(), prose(size).len()), (size, size));
            assert!(prose(size).is_ascii());
        }
    }
}
