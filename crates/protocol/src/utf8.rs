//! UTF-8 validation (RFC 3629), whole and piece by piece.

/// Whether `bytes` are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
#[must_use]
pub fn is_valid_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// Validates text that arrives in pieces cut anywhere, one pass over each byte.
///
/// The verdict is asked for once, at the end: `ws` reports bad text when the message is complete,
/// not at the first bad byte.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Utf8Stream {
    /// The start of a sequence that the last piece cut.
    pending: [u8; 4],
    pending_len: u8,
    invalid: bool,
}

impl Utf8Stream {
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        if self.invalid {
            return;
        }
        while self.pending_len > 0 {
            let Some((&first, rest)) = bytes.split_first() else {
                return;
            };
            self.pending[usize::from(self.pending_len)] = first;
            self.pending_len += 1;
            bytes = rest;
            match std::str::from_utf8(&self.pending[..usize::from(self.pending_len)]) {
                Ok(_) => self.pending_len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.invalid = true;
                    return;
                }
            }
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            if error.error_len().is_some() {
                self.invalid = true;
                return;
            }
            let cut = &bytes[error.valid_up_to()..];
            self.pending[..cut.len()].copy_from_slice(cut);
            self.pending_len = cut.len() as u8;
        }
    }

    /// Whether all that was pushed is UTF-8 and no sequence is left open; starts over.
    pub(crate) fn finish(&mut self) -> bool {
        let valid = !self.invalid && self.pending_len == 0;
        *self = Self::default();
        valid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &[&[u8]] = &[
        b"",
        b"a",
        "κόσμε".as_bytes(),
        b"\xc2\x80",
        b"\xdf\xbf",
        b"\xe0\xa0\x80",
        b"\xed\x9f\xbf",
        b"\xee\x80\x80",
        b"\xef\xbf\xbf",
        b"\xf0\x90\x80\x80",
        b"\xf4\x8f\xbf\xbf",
    ];
    const INVALID: &[&[u8]] = &[
        b"\x80",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xc2",
        b"\xe0\x80\x80",
        b"\xe0\xa0",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf0\x90\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xff",
        b"a\xffb",
    ];

    #[test]
    fn a_sequence_cut_in_two_or_in_three_gives_the_verdict_of_the_whole() {
        for (inputs, expected) in [(VALID, true), (INVALID, false)] {
            for input in inputs {
                assert_eq!(is_valid_utf8(input), expected, "{input:x?}");
                for i in 0..=input.len() {
                    for j in i..=input.len() {
                        let mut stream = Utf8Stream::default();
                        stream.push(&input[..i]);
                        stream.push(&input[i..j]);
                        stream.push(&input[j..]);
                        assert_eq!(stream.finish(), expected, "{input:x?} cut at {i} and {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_finished_stream_starts_over() {
        let mut stream = Utf8Stream::default();
        stream.push(b"\xff");
        assert!(!stream.finish());
        stream.push(b"a");
        assert!(stream.finish());
    }
}
