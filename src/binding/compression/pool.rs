//! Compression states of one environment: who has one, and which are at hand for the next message.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ws_rs_protocol::{DeflateOptions, Inflater};

use super::codec::{Codec, Compressor, Kind, State};
use ws_rs_engine::registry::{Id, Registry};

/// States at hand. On the event loop one is in use at a time; the others come back from threads and
/// from connections that close.
const SPARE_DEFLATERS: usize = 8;
const SPARE_INFLATERS: usize = 16;

/// Connections that keep a compressor between two messages, with context takeover. One more takes
/// over that of another, which begins its next message with the last few KiB that it sent.
const KEPT_DEFLATERS: usize = 256;

/// The window of decompressors that are passed on; it reads every smaller one.
pub(super) const WINDOW_BITS: u8 = 15;

/// The states that no message needs at the moment, and a list of those that connections keep.
#[derive(Debug, Default)]
pub(crate) struct StatePool {
    deflaters: Vec<Compressor>,
    inflaters: Vec<Inflater>,
    /// Codecs that keep a compressor, in the order of a clock's face.
    kept: Vec<Id>,
    hand: usize,
    /// Memory taken and not yet reported to V8.
    unreported: i64,
}

/// The pool, for the event loop and for the threads that work for it. A thread takes a state when it
/// begins a message, so that there are no more of them than threads, and each is still in the cache.
#[derive(Debug, Default, Clone)]
pub(crate) struct SharedPool(Arc<Mutex<StatePool>>);

impl SharedPool {
    pub(crate) fn lock(&self) -> MutexGuard<'_, StatePool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatePool {
    /// A state that is at hand, for [`State::ready`]; `None` if one has to be made, which is counted.
    /// One for a message, which is given back after it, may have a larger window than was agreed on.
    pub(crate) fn take(&mut self, kind: &Kind, for_a_message: bool) -> Option<State> {
        match kind {
            Kind::Deflate(options) => {
                let fits = |spare: &Compressor| is_alike(spare.options(), options);
                if let Some(index) = self.deflaters.iter().rposition(fits) {
                    return Some(State::Deflater(self.deflaters.swap_remove(index)));
                }
                self.unreported += options.state_bytes() as i64;
            }
            Kind::Inflate { .. } => {
                let bits = kind.inflater_bits(for_a_message);
                if bits == WINDOW_BITS
                    && let Some(inflater) = self.inflaters.pop()
                {
                    return Some(State::Inflater(inflater));
                }
                self.unreported += Inflater::state_bytes(bits) as i64;
            }
        }
        None
    }

    /// Takes a state back, in whatever condition.
    pub(crate) fn give_back(&mut self, state: State) {
        match state {
            State::Deflater(deflater) => {
                if self.deflaters.len() == SPARE_DEFLATERS {
                    // Another connection's options may be of the past.
                    let oldest = self.deflaters.remove(0);
                    self.unreported -= oldest.options().state_bytes() as i64;
                }
                self.deflaters.push(deflater);
            }
            State::Inflater(inflater) => {
                if inflater.window_bits() == WINDOW_BITS && self.inflaters.len() < SPARE_INFLATERS {
                    self.inflaters.push(inflater);
                } else {
                    self.unreported -= Inflater::state_bytes(inflater.window_bits()) as i64;
                }
            }
        }
    }

    /// Notes that codec `id` keeps its compressor; first makes room for it.
    pub(crate) fn keep(&mut self, id: Id, codecs: &mut Registry<Codec>) {
        if self.kept.len() >= KEPT_DEFLATERS {
            self.evict(codecs);
        }
        self.kept.push(id);
    }

    /// Codec `id` keeps nothing any more.
    pub(crate) fn forget(&mut self, id: Id) {
        if let Some(index) = self.kept.iter().position(|kept| *kept == id) {
            self.kept.swap_remove(index);
        }
    }

    /// Takes a compressor from who has not used it since the clock's hand passed last.
    fn evict(&mut self, codecs: &mut Registry<Codec>) {
        // Twice around: the first may find all of them used.
        for _ in 0..2 * self.kept.len() {
            self.hand = (self.hand + 1) % self.kept.len();
            let Some(codec) = codecs.get_mut(self.kept[self.hand]) else {
                self.kept.swap_remove(self.hand);
                return;
            };
            if codec.used {
                codec.used = false;
            } else if let Some(state) = codec.state.take() {
                codec.kept = false;
                self.kept.swap_remove(self.hand);
                self.give_back(state);
                return;
            }
        }
    }

    /// What V8 has not been told yet, in bytes.
    pub(crate) fn take_unreported(&mut self) -> i64 {
        std::mem::take(&mut self.unreported)
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
