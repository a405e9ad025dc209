//! One direction of one connection: what it compresses or decompresses with.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::job::{JobId, Rest};
use super::state::State;
use super::task::{Failure, Kind, Task};

/// What was sent last, kept to go on with when the compressor has gone to another connection. To
/// take up 4 KiB costs as much as to compress 1 KiB without a context (measured: 9 and 13 µs).
const HISTORY: usize = 4 * 1024;
/// So many ends of other compressors' messages are noted at most.
const MOST_SEEN: usize = 64;

/// A codec that an I/O thread may work for, too.
pub(super) type Shared = Arc<Mutex<Codec>>;

pub(super) fn share(codec: Codec) -> Shared {
    Arc::new(Mutex::new(codec))
}

/// A panic in the midst of a message has taken the state with it, so that what is left can be used.
pub(super) fn lock(codec: &Mutex<Codec>) -> MutexGuard<'_, Codec> {
    codec.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(super) struct Codec {
    pub(super) kind: Arc<Kind>,
    /// Its state, from the first message that needs one to the end of the context.
    pub(super) state: Option<State>,
    /// The job on another thread that it waits for.
    pub(super) job: Option<JobId>,
    /// What is left of a message that took too long.
    pub(super) rest: Option<Rest>,
    /// What an I/O thread has made of the next message, if that is not all of it: it left the rest, or
    /// failed.
    pub(super) begun: Option<Result<(), Failure>>,
    /// How many messages are done.
    pub(super) done: u64,
    /// It was freed, and nothing more is done for it.
    pub(super) is_closed: bool,
    /// Whether it is on the list of codecs that keep a compressor, and was used since the list's hand last passed.
    pub(super) kept: bool,
    pub(super) used: bool,
    /// The length of the last result that another thread made; memory for the next one is taken for that.
    pub(super) last_len: usize,
    pub(super) history: Vec<u8>,
    /// What another compressor made for the peer: the end of each message, and behind how many of this codec's messages
    /// it is sent.
    seen: VecDeque<(u64, Arc<[u8]>)>,
    /// Some of these were left out.
    has_gap: bool,
    /// How many messages an I/O thread was given to compress, and how many of them it has.
    pub(super) given: u64,
    pub(super) made: u64,
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
            begun: None,
            done: 0,
            is_closed: false,
            kept: false,
            used: false,
            last_len: 0,
            history,
            seen: VecDeque::new(),
            has_gap: false,
            given: 0,
            made: 0,
        }
    }

    /// Whether it is at work on a message.
    pub(super) const fn is_busy(&self) -> bool {
        self.job.is_some() || self.rest.is_some()
    }

    /// Notes what is being sent.
    pub(super) fn remember(&mut self, payload: &[u8], task: Task) {
        if !task.reset && self.kind.is_deflate() {
            self.add_to_history(payload);
        }
    }

    /// Notes what the peer is sent that another compressor made, with no reference to what was
    /// before: it is in the peer's window, behind what this one has made. `end` is at least the last
    /// 4 KiB of the message, or all of it.
    pub(super) fn see(&mut self, end: &Arc<[u8]>) {
        self.seen.push_back((self.given, Arc::clone(end)));
        // Nothing refers further back than the last few KiB, unless a message of its own lies between.
        let mut behind: usize = self.seen.iter().skip(1).map(|(_, seen)| seen.len()).sum();
        while (behind >= HISTORY && self.given == self.made) || self.seen.len() > MOST_SEEN {
            self.has_gap |= behind < HISTORY || self.given != self.made;
            self.seen.pop_front();
            behind -= self.seen.front().map_or(0, |(_, next)| next.len());
        }
    }

    /// Before its next message: has the compressor go on from what the peer has seen.
    pub(super) fn take_up_seen(&mut self) {
        let made = self.made;
        let count = self.seen.iter().take_while(|seen| seen.0 <= made).count();
        if count == 0 && !self.has_gap {
            return;
        }
        if self.has_gap {
            // Other messages lie between these and what was before.
            self.history.clear();
        }
        for (_, end) in self.seen.drain(..count).collect::<Vec<_>>() {
            self.add_to_history(&end);
        }
        self.has_gap &= !self.seen.is_empty();
        if let Some(state) = &mut self.state {
            state.go_on_after(&self.history);
        }
    }

    /// Begins anew with the next message, and so does the peer.
    pub(super) fn forget(&mut self) {
        let kind = Arc::clone(&self.kind);
        let Kind::Deflate(options) = &*kind else {
            return;
        };
        self.drop_seen();
        if self.history != options.dictionary {
            self.history.clone_from(&options.dictionary);
        }
    }

    /// Begins anew with the next message, and the peer knows nothing of it: what it had before is
    /// still in its window, so that the dictionary is not where it was.
    pub(super) fn forget_alone(&mut self) {
        self.drop_seen();
        self.history.clear();
    }

    /// What is sent behind messages that are not made yet is still to come.
    fn drop_seen(&mut self) {
        let made = self.made;
        self.seen.retain(|(position, _)| *position > made);
        self.has_gap &= !self.seen.is_empty();
    }

    fn add_to_history(&mut self, payload: &[u8]) {
        let new = &payload[payload.len().saturating_sub(HISTORY)..];
        let old = self.history.len().min(HISTORY - new.len());
        self.history.drain(..self.history.len() - old);
        self.history.extend_from_slice(new);
    }
}

#[cfg(test)]
mod tests {
    use ws_rs_protocol::DeflateOptions;

    use super::*;

    const WHOLE: Task = Task::message(false, usize::MAX);

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

    fn see(codec: &mut Codec, message: &[u8]) {
        codec.see(&Arc::from(message));
    }

    #[test]
    fn what_another_compressor_made_comes_behind_what_this_one_did() {
        let mut codec = deflater(b"dictionary");
        codec.remember(b"own", WHOLE);
        see(&mut codec, b"another");
        see(&mut codec, b"third");
        codec.take_up_seen();
        assert_eq!(codec.history, b"dictionaryownanotherthird");
        codec.take_up_seen();
        assert_eq!(codec.history, b"dictionaryownanotherthird");
    }

    #[test]
    fn no_more_is_kept_of_what_others_made_than_is_referred_to() {
        let mut codec = deflater(b"");
        codec.remember(b"own", WHOLE);
        for byte in 0..100 {
            see(&mut codec, &[byte; 1500]);
            assert!(codec.seen.len() <= 3);
        }
        codec.take_up_seen();
        let mut last = vec![97; HISTORY - 3000];
        last.extend([98; 1500]);
        last.extend([99; 1500]);
        assert_eq!(codec.history, last);
    }

    #[test]
    fn many_short_messages_of_others_leave_no_gap_before_them() {
        for count in [MOST_SEEN - 1, MOST_SEEN, 200] {
            let mut codec = deflater(b"");
            codec.remember(b"own", WHOLE);
            let mut sent = b"own".to_vec();
            for byte in 0..count {
                see(&mut codec, &[byte as u8]);
                sent.push(byte as u8);
            }
            assert!(codec.seen.len() <= MOST_SEEN);
            codec.take_up_seen();
            assert!(sent.ends_with(&codec.history), "{count} of others");
            assert!(codec.history.len() >= count.min(MOST_SEEN));
        }
    }

    #[test]
    fn a_context_that_ends_on_this_side_only_leaves_the_dictionary_behind() {
        let mut codec = deflater(b"dictionary");
        codec.remember(b"sent", WHOLE);
        see(&mut codec, b"another");
        codec.forget_alone();
        codec.take_up_seen();
        assert_eq!(codec.history, b"");
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
