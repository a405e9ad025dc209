//! States that no message needs at the moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ws_rs_protocol::DeflateOptions;

use super::meter::Meter;
use super::state::State;
use super::task::{Kind, WINDOW_BITS};

/// So many states are at hand. The event loop uses one at a time; the others come back from threads, and from
/// connections that close.
const SPARE_DEFLATERS: usize = 8;
const SPARE_INFLATERS: usize = 16;

/// The pool, for the event loop and for the threads that work for it. A thread takes a state when it
/// begins a message, so that there are no more of them than threads, and each is still in the cache.
#[derive(Debug, Default, Clone)]
pub(super) struct Pool {
    spares: Arc<Mutex<Spares>>,
    pub(super) meter: Meter,
}

#[derive(Debug, Default)]
struct Spares {
    deflaters: Vec<State>,
    inflaters: Vec<State>,
}

impl Pool {
    /// A state that goes on after `history`. One that is for a single message, and is given back after it, may have a
    /// larger window than was agreed on.
    pub(super) fn ready(&self, kind: &Kind, history: &[u8], for_a_message: bool) -> State {
        let spare = self.lock().take(kind, for_a_message);
        State::ready(spare, kind, history, for_a_message, &self.meter)
    }

    /// Takes a state back, in whatever condition.
    pub(super) fn give_back(&self, state: State) {
        let surplus = self.lock().put(state);
        // Freed when the lock is open again.
        drop(surplus);
    }

    fn lock(&self) -> MutexGuard<'_, Spares> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spares {
    fn take(&mut self, kind: &Kind, for_a_message: bool) -> Option<State> {
        match kind {
            Kind::Deflate(options) => {
                let fits = |spare: &State| {
                    spare
                        .deflate_options()
                        .is_some_and(|its| is_alike(its, options))
                };
                let index = self.deflaters.iter().rposition(fits)?;
                Some(self.deflaters.swap_remove(index))
            }
            Kind::Inflate { .. } if kind.inflater_bits(for_a_message) == WINDOW_BITS => {
                self.inflaters.pop()
            }
            Kind::Inflate { .. } => None,
        }
    }

    /// What there is no use for is handed back.
    fn put(&mut self, state: State) -> Option<State> {
        if let Some(bits) = state.inflate_bits() {
            if bits != WINDOW_BITS || self.inflaters.len() == SPARE_INFLATERS {
                return Some(state);
            }
            self.inflaters.push(state);
            return None;
        }
        // The oldest goes, as connections with its options may be gone.
        let oldest = (self.deflaters.len() == SPARE_DEFLATERS).then(|| self.deflaters.remove(0));
        self.deflaters.push(state);
        oldest
    }
}

fn is_alike(one: &DeflateOptions, other: &DeflateOptions) -> bool {
    (one.level, one.window_bits, one.mem_level, one.strategy)
        == (
            other.level,
            other.window_bits,
            other.mem_level,
            other.strategy,
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflate(level: i32) -> Kind {
        Kind::Deflate(DeflateOptions {
            level,
            ..DeflateOptions::default()
        })
    }

    fn inflate(window_bits: u8) -> Kind {
        Kind::Inflate {
            window_bits,
            dictionary: Vec::new(),
        }
    }

    #[test]
    fn a_state_is_taken_again_by_who_has_the_same_options() {
        let pool = Pool::default();
        pool.give_back(pool.ready(&deflate(5), &[], true));
        let one = pool.meter.take_change();
        assert!(one > 0);
        let again = pool.ready(&deflate(5), &[], true);
        assert_eq!(pool.meter.take_change(), 0);
        pool.give_back(again);
        let other = pool.ready(&deflate(1), &[], true);
        assert_eq!(pool.meter.take_change(), one);
        assert_eq!(other.deflate_options().map(|its| its.level), Some(1));
    }

    #[test]
    fn a_decompressor_with_a_small_window_is_for_its_connection_only() {
        let pool = Pool::default();
        let small = pool.ready(&inflate(10), &[], false);
        assert_eq!(small.inflate_bits(), Some(10));
        pool.give_back(small);
        assert_eq!(pool.meter.take_change(), 0);
        let large = pool.ready(&inflate(10), &[], true);
        assert_eq!(large.inflate_bits(), Some(WINDOW_BITS));
    }

    #[test]
    fn no_more_are_kept_than_may_be_needed() {
        let pool = Pool::default();
        let many: Vec<_> = (0..20)
            .map(|_| pool.ready(&deflate(5), &[], true))
            .collect();
        let bytes = pool.meter.take_change();
        many.into_iter().for_each(|state| pool.give_back(state));
        assert_eq!(pool.meter.take_change(), -bytes / 20 * 12);
        let many: Vec<_> = (0..20)
            .map(|_| pool.ready(&inflate(15), &[], true))
            .collect();
        let bytes = pool.meter.take_change();
        many.into_iter().for_each(|state| pool.give_back(state));
        assert_eq!(pool.meter.take_change(), -bytes / 20 * 4);
    }
}
