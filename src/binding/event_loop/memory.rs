//! Whose memory a socket is read into: the scratch, or a `Buffer` that a long message keeps.

use super::super::call::{Bytes, Fault, Outcome};
use super::super::rows::EventArrays;
use super::listeners::Listener;
use super::turn::Turn;
use crate::memory::keep_large_blocks;
use crate::numbers::source::{SCRATCH, SPARE};
use ws_rs_engine::inbox::{Target, fits};
use ws_rs_engine::prefetch::prefetch;

/// Memory for one read.
pub(super) struct ReadBuffer<'a> {
    pub(super) bytes: &'a mut [u8],
    /// Where JavaScript finds it, as of `source` in `numbers.rs`.
    pub(super) source: u32,
}

impl Turn<'_> {
    /// Memory that no program has seen. It may call JavaScript for some.
    ///
    /// # Safety
    /// The bytes are used no more when JavaScript runs next, and there is one such at a time.
    pub(super) unsafe fn memory<'a>(&self, target: Target) -> Outcome<ReadBuffer<'a>> {
        let len = match target {
            Target::Own(len) => {
                if let Some(bytes) = self.spare(len)? {
                    prefetch(bytes.pointer(), len);
                    // SAFETY: looked up just now, of `len` bytes at least, which no other thread and no row
                    // has; the rest is the caller's promise.
                    let bytes = unsafe { bytes.slice_mut() };
                    return Ok(ReadBuffer {
                        bytes: &mut bytes[..len],
                        source: SPARE,
                    });
                }
                // JavaScript has no memory for it. The protocol may find some, or fail.
                usize::MAX
            }
            Target::Scratch(len) => len,
        };
        let scratch = self.state.event_loop.scratch.get();
        let scratch = scratch.ok_or(Fault::Message("ws-rs: the event loop has no listeners"))?;
        Ok(ReadBuffer {
            // SAFETY: the caller's promise.
            bytes: unsafe { scratch.slice(self.env, len) }?,
            source: SCRATCH,
        })
    }

    /// A `Buffer` that a long message may keep.
    fn spare(&self, len: usize) -> Outcome<Option<Bytes>> {
        let suits = |bytes: &Bytes| fits(bytes.len, len);
        let spare = EventArrays::spare(&self.state.events, self.env)?.filter(suits);
        if spare.is_some() {
            return Ok(spare);
        }
        keep_large_blocks();
        self.call_listener(Listener::NeedMemory, len as i32)?;
        Ok(EventArrays::spare(&self.state.events, self.env)?.filter(suits))
    }
}
