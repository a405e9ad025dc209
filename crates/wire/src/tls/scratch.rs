//! Memory that all sessions of a thread work in, one at a time.

use std::cell::RefCell;

use super::session::{MAX_LITTLE, MAX_PARTIAL, MAX_RECORD, RECORD_OVERHEAD};

/// The most plaintext that is encrypted before the kernel is asked to take it: a message of 64 KiB goes in
/// one piece, of which the end would else wait for the peer where Nagle's algorithm is on.
pub(super) const MAX_SEALED: usize = SEALED_RECORDS * MAX_RECORD;
const SEALED_RECORDS: usize = 8;
/// What one read from the kernel gives at most, behind what came before.
pub(super) const MAX_RECEIVED: usize = 5 * (MAX_RECORD + RECORD_OVERHEAD);
/// Room for an update of keys, which goes before a record.
const MAX_UPDATE: usize = 1024;

thread_local! {
    /// What is received and sent. It stays in the processor's cache, and nobody keeps anything there.
    pub(super) static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        received: vec![0; MAX_PARTIAL + MAX_RECEIVED].into(),
        sealed: vec![0; MAX_SEALED + SEALED_RECORDS * RECORD_OVERHEAD + MAX_UPDATE + MAX_LITTLE].into(),
        joined: vec![0; MAX_RECORD].into(),
    });
}

pub(super) struct Scratch {
    pub(super) received: Box<[u8]>,
    pub(super) sealed: Box<[u8]>,
    /// A record's plaintext, where it is in pieces.
    pub(super) joined: Box<[u8]>,
}
