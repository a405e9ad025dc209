//! The bytes of one socket between the I/O thread that moves them and the thread that owns it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::sync::{AtomicU8, Mutex, lock};
use super::writing::{Pack, Parcel, Progress};

/// The most bytes that wait in each direction: who fills it waits.
pub(super) const CREDIT: usize = 256 * 1024;
/// From so much room on a full direction goes on.
const ENOUGH: usize = CREDIT / 2;

/// What the owner is told of: there are bytes, or an end, to be taken ...
pub(super) const READ: u8 = 1;
/// ... something became of what it has put ...
pub(super) const WRITE: u8 = 2;
/// ... there is an end behind the bytes.
pub(super) const END: u8 = 4;

/// Why no more bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The peer sends no more.
    Peer,
    /// A system error number.
    Failed(i32),
    /// The I/O thread has panicked.
    Broken,
    /// The peer was asked whether it lives, and did not answer.
    Dead,
}

/// Both directions. Nothing is kept for one in which nothing waits.
#[derive(Debug)]
pub(super) struct Pipe {
    inward: Mutex<Inward>,
    outward: Mutex<Outward>,
    news: AtomicU8,
}

/// From the peer: the I/O thread puts, the owner takes.
#[derive(Debug, Default)]
struct Inward {
    bytes: Vec<u8>,
    end: Option<End>,
    /// The I/O thread waits for room.
    is_full: bool,
    /// Whether the questions in the bytes that the owner has not looked at yet were answered, in their
    /// order.
    questions: VecDeque<bool>,
    /// Which messages in the bytes that the owner has not looked at yet were inflated, by their numbers.
    inflated: VecDeque<u64>,
    /// How many bytes more the owner got than the peer has sent, since it was last asked.
    growth: i64,
    /// How many bytes came that the owner does not get, since it was last asked.
    unseen: usize,
}

/// To the peer: the owner puts, whoever writes takes.
#[derive(Debug, Default)]
struct Outward {
    bytes: Vec<u8>,
    /// All that was put and not written, those included that were taken.
    under_way: usize,
    failed: Option<i32>,
    /// What of the bytes is to be packed.
    parcels: VecDeque<Parcel>,
    /// How many bytes less were written than was put, since the owner last asked.
    shrunk: i64,
    /// How many bytes of questions were written that the owner did not put, since it was last asked.
    asked: usize,
    /// The kernel takes no more for now.
    is_full: bool,
    /// The I/O thread knows that there is something.
    is_known: bool,
    /// The owner wants to know of room, ...
    wants_room: bool,
    /// ... or that anything was written.
    wants_word: bool,
}

impl Outward {
    fn has_room(&self) -> bool {
        !self.is_full && self.under_way <= CREDIT - ENOUGH
    }
}

/// What became of bytes that the owner has put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// So many were taken, and the I/O thread is to be told if it says so.
    Bytes(usize, bool),
    Full,
    Failed(i32),
}

impl Pipe {
    pub(super) fn new() -> Self {
        Self {
            inward: Mutex::new(Inward::default()),
            outward: Mutex::new(Outward::default()),
            news: AtomicU8::new(0),
        }
    }

    // What the owner is told.

    /// Has something to tell; returns whether the owner is to hear of it, as it did not yet.
    #[must_use]
    pub(super) fn tell(&self, news: u8) -> bool {
        self.news.fetch_or(news, Ordering::AcqRel) == 0
    }

    /// What there was to tell. To be called before anything is looked at.
    pub(super) fn take_news(&self) -> u8 {
        self.news.swap(0, Ordering::AcqRel)
    }

    // From the peer.

    /// How much more may be put; 0 has the owner say when that changes.
    pub(super) fn room(&self) -> usize {
        let mut inward = lock(&self.inward);
        let room = CREDIT.saturating_sub(inward.bytes.len());
        inward.is_full = room == 0;
        room
    }

    /// Adds what was read; returns how many bytes wait.
    pub(super) fn put_in(&self, bytes: &[u8]) -> usize {
        let mut inward = lock(&self.inward);
        inward.bytes.extend_from_slice(bytes);
        inward.bytes.len()
    }

    /// There were questions in the bytes that are put next.
    pub(super) fn put_questions(&self, count: usize, were_answered: bool) {
        let mut inward = lock(&self.inward);
        inward
            .questions
            .extend(std::iter::repeat_n(were_answered, count));
    }

    /// Adds bytes that were made of `came` of the peer's; returns how many wait. Messages in there were
    /// inflated.
    pub(super) fn put_passed(&self, bytes: Vec<u8>, came: usize, inflated: &[u64]) -> usize {
        let mut inward = lock(&self.inward);
        inward.growth += bytes.len() as i64 - came as i64;
        inward.inflated.extend(inflated);
        if inward.bytes.is_empty() {
            inward.bytes = bytes;
        } else {
            inward.bytes.extend_from_slice(&bytes);
        }
        inward.bytes.len()
    }

    /// The owner comes to a compressed message: whether it was inflated.
    pub(super) fn take_inflated(&self, number: u64) -> bool {
        let mut inward = lock(&self.inward);
        let is_inflated = inward.inflated.front() == Some(&number);
        if is_inflated {
            inward.inflated.pop_front();
        }
        if inward.inflated.is_empty() {
            inward.inflated = VecDeque::new();
        }
        is_inflated
    }

    /// All inflated messages that the owner has not come to.
    pub(super) fn take_all_inflated(&self) -> VecDeque<u64> {
        std::mem::take(&mut lock(&self.inward).inflated)
    }

    /// How many bytes more the owner got than the peer has sent, since the last call.
    pub(super) fn take_growth(&self) -> i64 {
        std::mem::take(&mut lock(&self.inward).growth)
    }

    /// Bytes have come that the owner does not get.
    pub(super) fn count_unseen(&self, len: usize) {
        lock(&self.inward).unseen += len;
    }

    /// Bytes were written that the owner did not put, or are about to be.
    pub(super) fn count_asked(&self, len: usize) {
        lock(&self.outward).asked += len;
    }

    /// How many bytes have come that the owner does not get, and were written that it did not put, since the
    /// last call.
    pub(super) fn take_others(&self) -> (usize, usize) {
        let unseen = std::mem::take(&mut lock(&self.inward).unseen);
        (unseen, std::mem::take(&mut lock(&self.outward).asked))
    }

    /// The owner comes to a question: whether it was answered.
    pub(super) fn take_question(&self) -> bool {
        let mut inward = lock(&self.inward);
        let was_answered = inward.questions.pop_front().unwrap_or(false);
        if inward.questions.is_empty() {
            inward.questions = VecDeque::new();
        }
        was_answered
    }

    /// All questions that the owner has not come to.
    pub(super) fn take_questions(&self) -> VecDeque<bool> {
        std::mem::take(&mut lock(&self.inward).questions)
    }

    /// Nothing more comes.
    pub(super) fn end(&self, end: End) {
        lock(&self.inward).end.get_or_insert(end);
    }

    /// Takes all that waits, in exchange for `bytes`, which are empty; returns the end behind it, and
    /// whether the I/O thread is to go on reading.
    pub(super) fn take_in(&self, bytes: &mut Vec<u8>) -> (Option<End>, bool) {
        let mut inward = lock(&self.inward);
        *bytes = std::mem::take(&mut inward.bytes);
        (inward.end, std::mem::take(&mut inward.is_full))
    }

    /// Why nothing more comes, if that is an error.
    pub(super) fn read_error(&self) -> Option<i32> {
        match lock(&self.inward).end {
            Some(End::Failed(error)) => Some(error),
            _ => None,
        }
    }

    /// How many bytes wait, and whether there is an end behind them.
    pub(super) fn waiting(&self) -> (usize, bool) {
        let inward = lock(&self.inward);
        (inward.bytes.len(), inward.end.is_some())
    }

    // To the peer.

    /// Adds what there is room for.
    pub(super) fn put_out(&self, slices: &[&[u8]]) -> Put {
        let mut outward = lock(&self.outward);
        if let Some(error) = outward.failed {
            return Put::Failed(error);
        }
        let room = CREDIT.saturating_sub(outward.under_way);
        let mut left = room;
        if left == 0 || outward.is_full {
            return Put::Full;
        }
        for slice in slices {
            let len = slice.len().min(left);
            outward.bytes.extend_from_slice(&slice[..len]);
            left -= len;
        }
        outward.under_way += room - left;
        let is_known = std::mem::replace(&mut outward.is_known, true);
        Put::Bytes(room - left, !is_known)
    }

    /// Adds `first` and `bytes`, to be packed, if there is room for all of them.
    pub(super) fn put_parcel(&self, first: u8, bytes: &[u8], pack: Arc<dyn Pack>) -> Put {
        let mut outward = lock(&self.outward);
        if let Some(error) = outward.failed {
            return Put::Failed(error);
        }
        let len = bytes.len() + 1;
        if outward.is_full || outward.under_way + len > CREDIT {
            return Put::Full;
        }
        let start = outward.bytes.len();
        outward.bytes.reserve(len);
        outward.bytes.push(first);
        outward.bytes.extend_from_slice(bytes);
        outward.parcels.push_back(Parcel { start, len, pack });
        outward.under_way += len;
        let is_known = std::mem::replace(&mut outward.is_known, true);
        Put::Bytes(len, !is_known)
    }

    /// Takes all that waits, in exchange for `bytes`, which are empty, and what of it is to be packed. If
    /// there is nothing the owner says when that changes.
    pub(super) fn take_out(&self, bytes: &mut Vec<u8>) -> VecDeque<Parcel> {
        let mut outward = lock(&self.outward);
        *bytes = std::mem::take(&mut outward.bytes);
        outward.is_known = !bytes.is_empty();
        std::mem::take(&mut outward.parcels)
    }

    /// How many bytes less were written than was put, since the last call.
    pub(super) fn take_shrunk(&self) -> i64 {
        std::mem::take(&mut lock(&self.outward).shrunk)
    }

    /// So many of the bytes that were taken are written; returns whether the owner wants to know.
    #[must_use]
    pub(super) fn written(&self, progress: Progress) -> bool {
        let mut outward = lock(&self.outward);
        outward.under_way -= progress.written;
        outward.shrunk += progress.shrunk;
        let has_room = outward.has_room();
        let wanted = outward.wants_word || (outward.wants_room && has_room);
        if wanted {
            outward.wants_word = false;
            outward.wants_room &= !has_room;
        }
        wanted
    }

    /// Whether the kernel takes more; returns whether the owner is to know that.
    #[must_use]
    pub(super) fn set_full(&self, is_full: bool) -> bool {
        let mut outward = lock(&self.outward);
        if std::mem::replace(&mut outward.is_full, is_full) == is_full {
            return false;
        }
        if is_full {
            // The owner takes back what waits for the kernel, to count it.
            return outward.under_way > 0;
        }
        outward.has_room() && std::mem::take(&mut outward.wants_room)
    }

    /// Nothing more can be written, and what waits is lost.
    pub(super) fn fail(&self, error: i32) {
        let mut outward = lock(&self.outward);
        outward.failed.get_or_insert(error);
        outward.bytes = Vec::new();
        outward.parcels = VecDeque::new();
    }

    /// The owner wants to know when there is room, or not; returns whether there is.
    #[must_use]
    pub(super) fn want_room(&self, wanted: bool) -> bool {
        let mut outward = lock(&self.outward);
        let has_room = outward.has_room() || outward.failed.is_some();
        outward.wants_room = wanted && !has_room;
        wanted && has_room
    }

    /// The owner wants to know when more is written; returns whether there is nothing more.
    #[must_use]
    pub(super) fn want_word(&self) -> bool {
        let mut outward = lock(&self.outward);
        let is_all = outward.under_way == 0 || outward.failed.is_some();
        outward.wants_word = !is_all;
        is_all
    }

    /// How many bytes are not written, and why if that will not be.
    pub(super) fn under_way(&self) -> (usize, Option<i32>) {
        let outward = lock(&self.outward);
        (outward.under_way, outward.failed)
    }

    /// Whether bytes wait that the kernel did not take.
    pub(super) fn is_blocked(&self) -> bool {
        let outward = lock(&self.outward);
        outward.is_full && outward.under_way > 0
    }

    /// Takes back what was not written: `rest`, which was taken, and all behind it.
    pub(super) fn take_back(&self, mut rest: Vec<u8>) -> Vec<u8> {
        let mut outward = lock(&self.outward);
        rest.append(&mut outward.bytes);
        outward.under_way = 0;
        outward.is_known = false;
        rest
    }
}

#[cfg(test)]
#[path = "pipe_tests.rs"]
mod tests;
