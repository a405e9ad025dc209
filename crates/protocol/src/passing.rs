//! Frames that pass, of which only the headers are looked at.

use crate::config::{Config, Role};
use crate::frame::MAX_HEADER_LEN;
use crate::header::{Context, Header, Progress, inspect};

/// Follows frames by their headers.
#[derive(Debug)]
pub(crate) struct Frames {
    /// The end of the connection that they come to.
    role: Role,
    config: Config,
    bytes: [u8; MAX_HEADER_LEN],
    /// How many bytes of the header there are.
    got: usize,
    /// That of the frame which is passing.
    pub(crate) header: Header,
    /// How much of its payload is yet to come; `None` between frames.
    left: Option<u64>,
    /// The message whose fragments are passing: how many there were, and of how many bytes.
    message: Option<(u32, u64)>,
}

#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// A frame begins.
    Header(Header),
    /// More of its payload.
    Payload(&'a [u8]),
    /// It is over.
    End,
    /// A header that breaks a rule.
    Wrong,
}

impl Frames {
    pub(crate) fn new(role: Role, config: Config) -> Self {
        Self {
            role,
            config,
            bytes: [0; MAX_HEADER_LEN],
            got: 0,
            header: Header::default(),
            left: None,
            message: None,
        }
    }

    pub(crate) const fn is_at_boundary(&self) -> bool {
        self.got == 0 && self.left.is_none()
    }

    /// Whether a part of a header has come.
    pub(crate) const fn is_in_header(&self) -> bool {
        self.got > 0
    }

    /// Takes the next part off `bytes`, if they make one.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.left {
            Some(0) => {
                self.left = None;
                Some(Part::End)
            }
            Some(left) => {
                let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                if here == 0 {
                    return None;
                }
                let (payload, rest) = bytes.split_at(here);
                *bytes = rest;
                self.left = Some(left - here as u64);
                Some(Part::Payload(payload))
            }
            None => {
                while let [byte, rest @ ..] = *bytes {
                    *bytes = rest;
                    self.bytes[self.got] = *byte;
                    self.got += 1;
                    let context = Context {
                        role: self.role,
                        config: &self.config,
                        fragmented: self.message.is_some(),
                        message_len: self.message.map_or(0, |(_, len)| len),
                    };
                    match inspect(&self.bytes[..self.got], &context) {
                        Ok(Progress::Incomplete { .. }) => {}
                        Ok(Progress::Complete(header, _)) if self.counts(header) => {
                            self.got = 0;
                            self.header = header;
                            self.left = Some(header.len);
                            return Some(Part::Header(header));
                        }
                        _ => return Some(Part::Wrong),
                    }
                }
                None
            }
        }
    }

    /// Counts a frame; whether its message may have one more.
    fn counts(&mut self, header: Header) -> bool {
        if header.is_control() {
            return true;
        }
        let (count, len) = self.message.unwrap_or_default();
        let (count, len) = (count + 1, len.saturating_add(header.len));
        self.message = (!header.fin).then_some((count, len));
        let most = self.config.max_fragments;
        most == 0 || count <= most
    }
}
