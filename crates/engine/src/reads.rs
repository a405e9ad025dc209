//! The reads of one turn, up to the end of the stream: it is met where libuv would meet it.

use crate::inbox::{Inbox, MAX_READS, Next};

/// What is known of a socket when its turn begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct News {
    /// An end or an error is behind the bytes, or urgent data between them: a short read may not be the last.
    pub until_empty: bool,
    /// The peer's end is behind the bytes. Whoever answers the last of them does so before it is met, in the next
    /// turn of the loop.
    pub ends: bool,
    /// Behind the last bytes there is an end for the program, even if it is a reset.
    pub hangs_up: bool,
    /// What is left is told of again, without being asked for.
    pub is_told_again: bool,
}

/// The reads of a turn.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    news: News,
    /// How many there were, as far as that counts.
    count: u8,
    /// The last bytes before the end were read.
    met_last: bool,
    /// There is an end, and the bytes that were read last have filled what libuv reads at once: it reads on.
    reads_on: bool,
}

impl Reads {
    /// None yet.
    #[must_use]
    pub const fn new(news: News) -> Self {
        Self {
            news,
            count: 0,
            met_last: false,
            reads_on: false,
        }
    }

    /// Whether there is one more, and then begins it. It is the turn of others after [`MAX_READS`]; but behind the last
    /// bytes the end is met at once.
    #[must_use]
    pub const fn begin(&mut self) -> bool {
        let may_read = (self.count as usize) < MAX_READS || self.met_last;
        if may_read {
            self.count = self.count.saturating_add(1);
        }
        may_read
    }

    /// Whether all there is is to be read.
    #[must_use]
    pub const fn is_until_empty(&self) -> bool {
        self.news.until_empty
    }

    /// Whether the end is behind the last bytes of the turn, and those were read.
    #[must_use]
    pub const fn met_last(&self) -> bool {
        self.met_last
    }

    /// Whether there is an end for the program behind the last bytes, even if it is a reset.
    #[must_use]
    pub const fn hangs_up(&self) -> bool {
        self.news.hangs_up
    }

    /// Notes that a read gave `len` bytes; to be called before [`Inbox::was_read`]. `has_end` asks whether there is an
    /// end behind them, which may have come after the news.
    pub fn was_read(
        &mut self,
        inbox: &Inbox,
        len: usize,
        is_encrypted: bool,
        has_end: impl FnOnce() -> bool,
    ) {
        let is_over = self.news.until_empty || self.news.ends;
        if is_over || inbox.is_single() {
            let is_partial = inbox.is_partial(len, is_encrypted);
            self.met_last = self.news.hangs_up && is_partial;
            self.reads_on = !is_partial && (is_over || has_end());
        }
    }

    /// Whether the peer's end is behind the bytes that were just read, as far as anybody needs to know. The news are
    /// of the first read; behind later ones `has_end` is asked, if a message came that is to be inflated.
    pub fn has_end_behind(&self, is_compressed: bool, has_end: impl FnOnce() -> bool) -> bool {
        self.news.ends || self.news.until_empty || (self.count > 1 && is_compressed && has_end())
    }

    /// What follows a read that gave `len` of `asked` bytes. `has_more` says that there are others of which the kernel
    /// knows nothing; what is encrypted is read until nothing is left.
    #[must_use]
    pub const fn after(
        &self,
        inbox: &Inbox,
        (len, asked): (usize, usize),
        is_encrypted: bool,
        has_more: bool,
    ) -> Next {
        if self.news.hangs_up || self.reads_on {
            return Next::Again;
        }
        let ends = self.news.ends && !is_encrypted;
        let drain = (self.news.until_empty && !ends) || has_more;
        let told_again = self.news.is_told_again || ends;
        match inbox.after(len, asked, drain, told_again) {
            Next::Wait if ends => Next::Rearm,
            next => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::SCRATCH;

    const NOTHING: News = News {
        until_empty: false,
        ends: false,
        hangs_up: false,
        is_told_again: false,
    };
    const ENDS: News = News {
        ends: true,
        ..NOTHING
    };
    const UNTIL_EMPTY: News = News {
        until_empty: true,
        ..NOTHING
    };
    const HANGS_UP: News = News {
        hangs_up: true,
        ..UNTIL_EMPTY
    };

    /// A connection of which nothing was read, and a turn of it that has read `len` bytes.
    fn after_read(news: News, single: bool, len: usize) -> (Inbox, Reads) {
        let inbox = Inbox::new(single, false);
        let mut reads = Reads::new(news);
        assert!(reads.begin());
        reads.was_read(&inbox, len, false, || panic!("nobody has to ask"));
        (inbox, reads)
    }

    #[test]
    fn others_have_their_turn_after_four_reads() {
        let mut reads = Reads::new(UNTIL_EMPTY);
        for _ in 0..4 {
            assert!(reads.begin());
        }
        assert!(!reads.begin());
    }

    #[test]
    fn the_end_behind_the_last_bytes_is_met_whatever_was_read_before() {
        let inbox = Inbox::new(false, false);
        let mut reads = Reads::new(HANGS_UP);
        for _ in 0..4 {
            assert!(reads.begin());
        }
        reads.was_read(&inbox, 9, false, || panic!("it is known"));
        assert!(reads.met_last());
        assert!(reads.begin());
    }

    #[test]
    fn what_fills_a_slice_of_libuv_is_not_the_last() {
        let (inbox, reads) = after_read(HANGS_UP, false, SCRATCH);
        assert!(!reads.met_last());
        assert_eq!(
            reads.after(&inbox, (SCRATCH, SCRATCH), false, false),
            Next::Again
        );
    }

    #[test]
    fn bytes_are_the_last_only_if_this_end_sends_no_more_either() {
        let (_, reads) = after_read(UNTIL_EMPTY, false, 9);
        assert!(!reads.met_last());
    }

    #[test]
    fn an_end_that_came_with_bytes_is_met_in_the_next_turn() {
        let (inbox, reads) = after_read(ENDS, false, 9);
        assert_eq!(reads.after(&inbox, (9, 10), false, false), Next::Rearm);
        // Records are read on, as their end is no turn of the loop.
        assert_eq!(reads.after(&inbox, (9, 10), true, false), Next::Wait);
    }

    #[test]
    fn a_short_read_is_the_last_unless_there_is_more_that_the_kernel_does_not_know() {
        let (inbox, reads) = after_read(NOTHING, false, 9);
        assert_eq!(reads.after(&inbox, (9, 10), false, false), Next::Wait);
        assert_eq!(reads.after(&inbox, (9, 10), false, true), Next::Again);
        let (inbox, reads) = after_read(UNTIL_EMPTY, false, 9);
        assert_eq!(reads.after(&inbox, (9, 10), false, false), Next::Again);
    }

    #[test]
    fn what_is_left_of_a_unix_socket_is_read_unless_there_will_be_word_of_it() {
        let inbox = Inbox::new(false, true);
        let told_again = News {
            is_told_again: true,
            ..NOTHING
        };
        let next = |news| Reads::new(news).after(&inbox, (9, 10), false, false);
        assert_eq!(next(NOTHING), Next::Again);
        assert_eq!(next(told_again), Next::Wait);
    }

    #[test]
    fn one_event_a_macrotask_is_read_on_to_an_end_that_fills_a_slice() {
        let inbox = Inbox::new(true, false);
        for (has_end, next) in [(true, Next::Again), (false, Next::Rearm)] {
            let mut reads = Reads::new(NOTHING);
            reads.was_read(&inbox, SCRATCH, false, || has_end);
            assert_eq!(reads.after(&inbox, (SCRATCH, SCRATCH), false, false), next);
        }
        // Of what leaves room nobody asks, and what is encrypted leaves some.
        let mut reads = Reads::new(NOTHING);
        reads.was_read(&inbox, 9, false, || panic!("there was room"));
        reads.was_read(&inbox, SCRATCH, true, || panic!("there was room"));
        assert_eq!(reads.after(&inbox, (9, 10), false, false), Next::Wait);
    }

    #[test]
    fn later_reads_ask_for_an_end_behind_a_compressed_message() {
        let mut reads = Reads::new(NOTHING);
        assert!(reads.begin());
        assert!(!reads.has_end_behind(true, || panic!("the news say it")));
        assert!(reads.begin());
        assert!(!reads.has_end_behind(false, || panic!("nothing is to be inflated")));
        assert!(reads.has_end_behind(true, || true));
        assert!(!reads.has_end_behind(true, || false));
        for news in [ENDS, UNTIL_EMPTY] {
            assert!(Reads::new(news).has_end_behind(false, || panic!("it is known")));
        }
    }
}
