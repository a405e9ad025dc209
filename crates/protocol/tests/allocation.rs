//! Memory: no store is made or grown for a length that the peer only announced, and a long message
//! is not copied again and again while it grows.

mod support;

use std::cell::Cell;

use support::{Failure, KEY, Random, Recorder, Seen, frame};
use ws_rs_protocol::{Config, ErrorKind, OutOfMemory, PayloadStore, Role};

/// A store that keeps the books; one test runs on one thread.
#[derive(Debug)]
struct Counted {
    bytes: Vec<u8>,
    capacity: usize,
}

thread_local! {
    static STORES: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
    static COPIED: Cell<usize> = const { Cell::new(0) };
    /// A request for more than this is refused.
    static MEMORY: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn request(capacity: usize) -> Result<(), OutOfMemory> {
    if capacity > MEMORY.get() {
        return Err(OutOfMemory);
    }
    LARGEST.set(LARGEST.get().max(capacity));
    Ok(())
}

impl PayloadStore for Counted {
    fn with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        request(capacity)?;
        STORES.set(STORES.get() + 1);
        Ok(Self {
            bytes: Vec::new(),
            capacity,
        })
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn grow(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        assert!(capacity > self.capacity, "growing must give more room");
        request(capacity)?;
        COPIED.set(COPIED.get() + self.bytes.len());
        self.capacity = capacity;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        assert!(self.bytes.len() <= self.capacity, "room was not made");
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

const UNLIMITED: Config = Config {
    max_payload: 0,
    max_fragments: 0,
    max_buffered_chunks: 0,
    compression: false,
    skip_utf8_validation: false,
};

fn recorder(role: Role) -> Recorder<Counted> {
    Recorder::new(role, UNLIMITED)
}

#[test]
fn a_message_that_lies_in_its_chunk_takes_no_store() {
    let mut recorder = recorder(Role::Server);
    for payload in [&b""[..], b"hello", &[1; 70_000]] {
        assert!(recorder.feed(&frame(0x82, payload, Some(KEY))));
    }
    assert_eq!(recorder.seen.len(), 3);
    assert_eq!(STORES.get(), 0);
}

#[test]
fn an_announced_length_of_eight_pebibytes_allocates_64_kib() {
    let mut recorder = recorder(Role::Client);
    assert!(recorder.feed(b"\x82\x7f\x00\x1f\xff\xff\xff\xff\xff\xff"));
    assert_eq!(STORES.get(), 0, "nothing arrived yet");
    assert!(recorder.feed(b"a"));
    assert_eq!(LARGEST.get(), 65_536);
}

#[test]
fn a_store_is_never_larger_than_64_kib_or_twice_what_arrived() {
    let mut random = Random::new(2);
    let payload = vec![7; 3_000_000];
    let bytes = frame(0x82, &payload, None);
    for longest in [700, 20_000, 400_000] {
        let mut recorder = recorder(Role::Client);
        LARGEST.set(0);
        COPIED.set(0);
        let mut start = 0;
        let cuts = random.cuts(bytes.len(), longest);
        for &end in cuts.iter().chain([&bytes.len()]) {
            assert!(recorder.feed(&bytes[start..end]));
            start = end;
            let bound = (2 * start).max(65_536);
            assert!(LARGEST.get() <= bound, "{} at {start}", LARGEST.get());
        }
        assert_eq!(recorder.seen, [Seen::Binary(payload.clone())]);
        assert_eq!(LARGEST.get(), payload.len(), "the last step is exact");
        assert!(COPIED.get() <= 2 * payload.len(), "{}", COPIED.get());
    }
}

#[test]
fn a_message_of_many_small_frames_is_copied_at_most_twice_over() {
    let mut recorder = recorder(Role::Client);
    let part = [7; 1_000];
    let mut arrived = 0;
    for index in 0..4_000 {
        let first = match index {
            0 => 0x02,
            3_999 => 0x80,
            _ => 0x00,
        };
        assert!(recorder.feed(&frame(first, &part, None)));
        arrived += part.len();
        assert!(LARGEST.get() <= (2 * arrived).max(65_536));
    }
    assert_eq!(recorder.seen, [Seen::Binary(vec![7; 4_000_000])]);
    assert!(COPIED.get() <= 2 * arrived, "{} bytes copied", COPIED.get());
}

#[test]
fn a_short_message_in_two_chunks_gets_a_store_of_its_own_length() {
    let mut recorder = recorder(Role::Client);
    recorder.feed_cut(&frame(0x82, &[7; 300], None), &[100]);
    assert_eq!((STORES.get(), LARGEST.get(), COPIED.get()), (1, 300, 0));
}

#[test]
fn a_control_frame_in_single_bytes_keeps_one_store_of_its_length() {
    let mut recorder = recorder(Role::Server);
    let bytes = frame(0x89, &[7; 125], Some(KEY));
    recorder.feed_cut(&bytes, &(1..bytes.len()).collect::<Vec<_>>());
    assert_eq!(recorder.seen, [Seen::Ping(vec![7; 125])]);
    assert_eq!((STORES.get(), LARGEST.get(), COPIED.get()), (1, 125, 0));
}

#[test]
fn memory_that_is_refused_fails_the_connection_with_1009() {
    for (memory, fed) in [(0, b"a".to_vec()), (65_536, vec![7; 65_537])] {
        MEMORY.set(memory);
        let mut recorder = recorder(Role::Client);
        assert!(recorder.feed(b"\x82\x7f\x00\x00\x00\x00\x10\x00\x00\x00"));
        assert!(!recorder.feed(&fed));
        match recorder.failure {
            Some(Failure::Protocol(error)) => {
                assert_eq!(error.kind, ErrorKind::UnsupportedMessageLength);
                assert_eq!(error.close_code(), 1009);
            }
            other => panic!("{other:?}"),
        }
        assert!(recorder.connection.is_done());
    }
}

#[test]
fn a_message_longer_than_its_first_store_grows_it_when_it_is_full_only() {
    let mut recorder = recorder(Role::Client);
    let bytes = frame(0x82, &[7; 131_072], None);
    // 65,536 bytes fill the first store to the brim; one more doubles it.
    assert!(recorder.feed(&bytes[..10 + 65_536]));
    let filled = LARGEST.get();
    assert!(recorder.feed(&bytes[10 + 65_536..]));
    assert_eq!(
        filled, 131_072,
        "65,536 bytes arrived, so 131,072 are warranted"
    );
    assert_eq!(COPIED.get(), 0);
    assert_eq!(recorder.seen, [Seen::Binary(vec![7; 131_072])]);
}
