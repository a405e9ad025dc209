//! One direction of one connection: what it compresses or decompresses with.

use std::sync::Arc;

use super::job::{JobId, Rest};
use super::state::State;
use super::task::{Kind, Task};

/// What was sent last, kept to go on with when the compressor has gone to another connection. To
/// take up 4 KiB costs as much as to compress 1 KiB without a context (measured: 9 and 13 µs).
const HISTORY: usize = 4 * 1024;

#[derive(Debug)]
pub(super) struct Codec {
    pub(super) kind: Arc<Kind>,
    /// From the first message that needs it to the end of its context.
    pub(super) state: Option<State>,
    /// The job on another thread that it waits for.
    pub(super) job: Option<JobId>,
    /// What is left of a message that took too long.
    pub(super) rest: Option<Rest>,
    /// Whether it is on the list of those that keep a compressor, and was used since last looked at.
    pub(super) kept: bool,
    pub(super) used: bool,
    /// How long the last result was that another thread made: the next one is made in as much.
    pub(super) last_len: usize,
    pub(super) history: Vec<u8>,
}

impl Codec {
    pub(super) fn new(kind: Kind) -> Self {
        let history = match &kind {
            Kind::Deflate(options) => options.dictionary.clone(),
            Kind::Inflate { .. } => Vec::new(),
        };
        Self {
            kind: Arc::new(kind),
            state: None,
            job: None,
            rest: None,
            kept: false,
            used: false,
            last_len: 0,
            history,
        }
    }

    /// Whether it is at work on a message.
    pub(super) const fn is_busy(&self) -> bool {
        self.job.is_some() || self.rest.is_some()
    }

    /// Notes what is being sent.
    pub(super) fn remember(&mut self, payload: &[u8], task: Task) {
        if task.reset || !self.kind.is_deflate() {
            return;
        }
        let new = &payload[payload.len().saturating_sub(HISTORY)..];
        let old = self.history.len().min(HISTORY - new.len());
        self.history.drain(..self.history.len() - old);
        self.history.extend_from_slice(new);
    }

    /// Begins anew with the next message.
    pub(super) fn forget(&mut self) {
        let Kind::Deflate(options) = &*self.kind else {
            return;
        };
        if self.history != options.dictionary {
            self.history.clone_from(&options.dictionary);
        }
    }
}

#[cfg(test)]
mod tests {
    use ws_rs_protocol::DeflateOptions;

    use super::*;

    const WHOLE: Task = Task {
        fin: true,
        reset: false,
        limit: usize::MAX,
        is_lent: false,
    };

    fn deflater(dictionary: &[u8]) -> Codec {
        Codec::new(Kind::Deflate(DeflateOptions {
            dictionary: dictionary.to_vec(),
            ..DeflateOptions::default()
        }))
    }

    #[test]
    fn the_last_four_kib_that_were_sent_are_remembered() {
        let mut codec = deflater(b"");
        codec.remember(&[b'a'; 5000], WHOLE);
        assert_eq!(codec.history, [b'a'; HISTORY]);
        codec.remember(b"bcd", WHOLE);
        assert_eq!(codec.history.len(), HISTORY);
        assert!(codec.history.ends_with(b"aabcd"));
    }

    #[test]
    fn a_new_context_begins_with_the_dictionary() {
        let mut codec = deflater(b"dictionary");
        assert_eq!(codec.history, b"dictionary");
        codec.remember(b"sent", WHOLE);
        assert_eq!(codec.history, b"dictionarysent");
        codec.forget();
        assert_eq!(codec.history, b"dictionary");
    }

    #[test]
    fn nothing_is_remembered_of_a_message_whose_context_ends_with_it() {
        let mut codec = deflater(b"");
        codec.remember(
            b"sent",
            Task {
                reset: true,
                ..WHOLE
            },
        );
        assert_eq!(codec.history, b"");
    }
}
