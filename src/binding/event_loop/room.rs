//! Where a socket is read into: the slab, or a `Buffer` that a long message may keep.

use super::super::call::{Bytes, Fault, Outcome};
use super::turn::{NO_SLAB, NO_SPARE, OWN, Turn};
use crate::memory;
use ws_rs_engine::prefetch::prefetch;

/// Messages from this size on are read into a `Buffer` of their own, whole with their header ...
const OWN_BUFFER: usize = 16 * 1024;
/// ... up to this one. Longer ones take several reads: the first tells the length, the others go
/// where the bytes belong.
const MAX_OWN_BUFFER: usize = 512 * 1024;
/// That first read, which is copied to where the others go.
const FIRST_READ: usize = 16 * 1024;
/// RFC 6455, section 5.2: two bytes, eight of length, four of masking key.
const MAX_HEADER: usize = 14;
/// The least of a slab that is worth a read.
const MIN_ROOM: usize = 8 * 1024;

/// Where a chunk is read into.
pub(super) struct Room {
    data: *mut u8,
    pub(super) len: usize,
    /// Where it begins in the slab, or `OWN`.
    pub(super) base: u32,
}

impl Turn<'_> {
    /// Memory that JavaScript owns and nobody has seen yet.
    pub(super) fn make_room(&self) -> Outcome<Room> {
        let hint = self.with_socket(|socket| socket.hint).unwrap_or(0);
        if (OWN_BUFFER..=MAX_OWN_BUFFER).contains(&hint) {
            // One byte more than the message: if it is all there is, the read shows it.
            let len = hint + MAX_HEADER + 1;
            return self.spare(len);
        }
        let mut slab = self.state.event_loop.slab.borrow();
        if !slab.is_usable(self.env, MIN_ROOM) {
            drop(slab);
            self.tell(NO_SLAB);
            slab = self.state.event_loop.slab.borrow();
            if !slab.is_usable(self.env, 1) {
                return Err(Fault::NO_SLAB);
            }
        }
        let free = slab.len - slab.used;
        let len = if hint > MAX_OWN_BUFFER {
            free.min(FIRST_READ)
        } else {
            free
        };
        Ok(Room {
            // SAFETY: `used` is less than the length of the slab, which was just seen to be there.
            data: unsafe { slab.data.add(slab.used) },
            len,
            base: slab.used as u32,
        })
    }

    /// A `Buffer` that a long message may keep.
    fn spare(&self, len: usize) -> Outcome<Room> {
        // Longer ones would keep memory that the message does not need.
        let fits = |bytes: &Bytes| (len..=len + len / 4).contains(&bytes.len);
        let mut spare = self.state.events.borrow().spare(self.env)?.filter(fits);
        if spare.is_none() {
            memory::keep_large_blocks();
            self.state
                .events
                .borrow_mut()
                .open(self.env, 0)?
                .begin(len, OWN, self.id);
            self.tell(NO_SPARE);
            spare = self.state.events.borrow().spare(self.env)?.filter(fits);
        }
        let bytes = spare.ok_or(Fault::NO_SLAB)?;
        prefetch(bytes.pointer(), len);
        Ok(Room {
            data: bytes.pointer(),
            len,
            base: OWN,
        })
    }
}

impl Room {
    /// The memory, to read into.
    ///
    /// # Safety
    /// No JavaScript runs and no other slice of it lives while this one does.
    pub(super) unsafe fn slice<'a>(&self) -> &'a mut [u8] {
        // SAFETY: pointer and length are of a Buffer that lives in this handle scope, or of the
        // part of the slab that nobody has been given.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }
}
