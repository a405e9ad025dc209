//! Who writes a frame, when, and what a broken wire leads to.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use support::{Payload, Script};
use ws_rs_engine::connection::{Connection, Options, Sent, WriteError};
use ws_rs_engine::outbox::{Fate, Taken};
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{Config, Role};

use Taken::{Blocked, Bytes, Failed};

const TRACKED: Options = Options {
    more_messages: false,
    track: true,
};

/// A connection in its first tick.
struct Fixture {
    connection: Connection<Vec<u8>, Payload>,
    schedule: Schedule,
    wire: Script,
}

impl Fixture {
    fn new(answers: &[Taken]) -> Self {
        let mut connection = Connection::new(Role::Server, Config::default());
        connection.set_writes(true);
        Self {
            connection,
            schedule: Schedule::default(),
            wire: Script::new(answers),
        }
    }

    /// As `new`, with a stream that writes.
    fn on_stream() -> Self {
        let mut fixture = Self::new(&[]);
        fixture.connection.set_writes(false);
        fixture
    }

    fn send(&mut self, bytes: &[u8]) -> Sent {
        let Ok(sent) = self.connection.send(
            |out| {
                out.extend_from_slice(bytes);
                Ok::<(), Infallible>(())
            },
            TRACKED,
            (&mut self.schedule, 1),
            || Duration::ZERO,
            Vec::new,
            Some(&mut |slices| self.wire.write(slices)),
        );
        sent
    }

    fn send_lent(&mut self, payload: &Payload, can_lend: bool) -> Sent {
        self.connection.send_lent(
            b"\x82\x05",
            payload.whole(),
            TRACKED,
            || can_lend.then(|| payload.clone()),
            Vec::new,
            Some(&mut |slices| self.wire.write(slices)),
        )
    }

    fn note_pause(&mut self, has_paused: impl FnOnce() -> bool) {
        self.connection.note_pause(&mut self.schedule, has_paused);
    }

    fn ping(&mut self) -> Option<Sent> {
        self.connection.ping(
            (7, || [1, 2, 3, 4]),
            (&mut self.schedule, 1),
            || Duration::ZERO,
            Vec::new,
            Some(&mut |slices| self.wire.write(slices)),
        )
    }

    fn share(&mut self, frame: &Arc<[u8]>) -> Option<Sent> {
        self.connection.send_shared(
            frame,
            false,
            (&mut self.schedule, 1),
            || Duration::ZERO,
            Vec::new,
            Some(&mut |slices| self.wire.write(slices)),
        )
    }

    fn write_waiting(&mut self) -> (Sent, bool) {
        self.connection
            .write_waiting(Some(&mut |slices| self.wire.write(slices)))
    }

    fn fates(&mut self) -> Vec<Fate> {
        std::iter::from_fn(|| self.connection.poll_fate()).collect()
    }
}

#[test]
fn a_frame_behind_a_pause_is_as_one_of_another_tick() {
    let mut fixture = Fixture::new(&[]);
    // Nothing was written yet in this tick.
    fixture.note_pause(|| panic!("it is the first"));
    for _ in 0..3 {
        assert_eq!(fixture.send(b"\x81\x01a"), Sent::Written);
    }
    fixture.note_pause(|| false);
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::WithTick);
    fixture.note_pause(|| true);
    assert_eq!(fixture.send(b"\x81\x01c"), Sent::Written);
}

#[test]
fn a_ping_is_masked_if_a_client_sends_it() {
    for (role, ping) in [
        (Role::Server, &b"\x89\x06\x00\x00\x00\x00\x00\x07"[..]),
        (
            Role::Client,
            b"\x89\x86\x01\x02\x03\x04\x01\x02\x03\x04\x01\x05",
        ),
    ] {
        let mut fixture = Fixture::new(&[]);
        fixture.connection = Connection::new(role, Config::default());
        fixture.connection.set_writes(true);
        assert_eq!(fixture.ping(), Some(Sent::Written));
        assert_eq!(fixture.wire.taken, ping);
    }
}

#[test]
fn a_wire_that_takes_no_more_gets_no_ping() {
    let mut fixture = Fixture::new(&[Blocked]);
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Blocked);
    assert_eq!(fixture.ping(), None);
    fixture.write_waiting();
    assert_eq!(fixture.wire.taken, b"\x81\x01a");
}

#[test]
fn three_frames_are_written_before_send_returns_and_those_behind_them_wait() {
    let mut fixture = Fixture::new(&[]);
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Written);
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::Written);
    assert_eq!(fixture.send(b"\x81\x01c"), Sent::Written);
    assert_eq!(fixture.send(b"\x81\x01d"), Sent::WithTick);
    assert_eq!(fixture.send(b"\x81\x01e"), Sent::WithTick);
    assert_eq!(fixture.wire.taken, b"\x81\x01a\x81\x01b\x81\x01c");
    assert_eq!(fixture.fates(), [Fate::Written; 3]);
    assert_eq!(fixture.write_waiting(), (Sent::Written, true));
    assert_eq!(
        fixture.wire.taken,
        b"\x81\x01a\x81\x01b\x81\x01c\x81\x01d\x81\x01e"
    );
    assert_eq!(fixture.fates(), [Fate::Written; 2]);
    assert_eq!(fixture.write_waiting(), (Sent::Written, false));
}

#[test]
fn what_waits_is_lost_when_the_caller_gives_a_connection_up() {
    let mut fixture = Fixture::new(&[Blocked]);
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Blocked);
    fixture.connection.fail(5);
    assert_eq!(fixture.fates(), [Fate::Lost]);
    assert_eq!(
        fixture.connection.write_error(),
        Some(WriteError::System(5))
    );
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::Failed);
    assert_eq!(fixture.fates(), [Fate::Lost]);
    assert_eq!(fixture.connection.outbox().waiting(), 0);
}

#[test]
fn a_full_wire_is_not_asked_again_by_each_send() {
    let mut fixture = Fixture::new(&[Blocked]);
    let payload = Payload::new(b"lent1");
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Blocked);
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::Blocked);
    assert_eq!(fixture.send_lent(&payload, true), Sent::Blocked);
    assert_eq!(fixture.send_lent(&payload, false), Sent::Blocked);
    assert_eq!((fixture.wire.writes.len(), payload.references()), (1, 1));
    assert_eq!(fixture.write_waiting(), (Sent::Written, true));
    assert_eq!(
        fixture.wire.taken,
        b"\x81\x01a\x81\x01b\x82\x05lent1\x82\x05lent1"
    );
    assert_eq!(fixture.fates(), [Fate::Written; 4]);
    assert_eq!(payload.references(), 0);
}

#[test]
fn a_wire_that_has_room_again_is_worth_a_look() {
    let mut fixture = Fixture::new(&[Blocked, Blocked]);
    fixture.send(b"\x81\x01a");
    assert_eq!(fixture.write_waiting(), (Sent::Blocked, true));
    let mut untracked = Fixture::new(&[Blocked]);
    let result = untracked.connection.send(
        |out| {
            out.push(b'a');
            Ok::<(), Infallible>(())
        },
        Options::default(),
        (&mut untracked.schedule, 1),
        || Duration::ZERO,
        Vec::new,
        Some(&mut |slices| untracked.wire.write(slices)),
    );
    assert_eq!(result, Ok(Sent::Blocked));
    assert_eq!(untracked.write_waiting(), (Sent::Written, true));
    assert_eq!(untracked.write_waiting(), (Sent::Written, false));
}

#[test]
fn what_a_wire_was_given_when_it_broke_is_lost_and_so_is_all_that_follows() {
    let mut fixture = Fixture::new(&[Failed(104)]);
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Failed);
    let error = Some(WriteError::System(104));
    assert_eq!(fixture.connection.write_error(), error);
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::Failed);
    let payload = Payload::new(b"lent1");
    assert_eq!(fixture.send_lent(&payload, true), Sent::Failed);
    assert_eq!(fixture.wire.writes.len(), 1);
    assert_eq!(fixture.fates(), [Fate::Lost; 3]);
    assert_eq!(fixture.connection.outbox().waiting(), 0);
}

#[test]
fn a_payload_that_is_lost_as_the_wire_breaks_is_not_called_written() {
    let mut fixture = Fixture::new(&[Failed(32)]);
    let payload = Payload::new(b"lent1");
    assert_eq!(fixture.send_lent(&payload, true), Sent::Failed);
    assert_eq!(fixture.fates(), [Fate::Lost]);
}

#[test]
fn a_payload_taken_away_half_written_breaks_the_connection() {
    let mut fixture = Fixture::new(&[Bytes(3)]);
    let payload = Payload::new(b"lent1");
    assert_eq!(fixture.send_lent(&payload, true), Sent::Blocked);
    payload.resize(0);
    assert_eq!(fixture.write_waiting(), (Sent::Failed, true));
    let error = Some(WriteError::TakenAway);
    assert_eq!(fixture.connection.write_error(), error);
    assert_eq!(fixture.fates(), [Fate::Lost]);
}

#[test]
fn a_stream_is_given_what_is_sent_and_is_left_its_own_payloads() {
    let mut fixture = Fixture::on_stream();
    assert_eq!(fixture.send(b"\x81\x01a"), Sent::Take);
    assert_eq!(fixture.send(b"\x81\x01b"), Sent::Take);
    assert_eq!(fixture.write_waiting(), (Sent::Take, true));
    let payload = Payload::new(b"lent1");
    assert_eq!(fixture.send_lent(&payload, true), Sent::Take);
    let all = fixture.connection.take_all();
    assert_eq!(all.as_deref(), Some(&b"\x81\x01a\x81\x01b\x82\x05"[..]));
    assert_eq!(fixture.write_waiting(), (Sent::Take, false));
    assert_eq!(fixture.wire.writes.len(), 0);
}

#[test]
fn where_there_is_no_wire_what_waits_is_the_streams() {
    let mut fixture = Fixture::new(&[Blocked]);
    fixture.send(b"\x81\x01a");
    assert_eq!(fixture.connection.write(None), Sent::Take);
    assert_eq!(fixture.connection.outbox().waiting(), 3);
}

#[test]
fn a_payload_that_is_missing_for_the_stream_breaks_the_connection() {
    let mut fixture = Fixture::new(&[Blocked]);
    let payload = Payload::new(b"lent1");
    fixture.send_lent(&payload, true);
    payload.resize(1);
    fixture.connection.set_writes(false);
    assert_eq!(fixture.connection.take_all(), None);
    let error = Some(WriteError::TakenAway);
    assert_eq!(fixture.connection.write_error(), error);
}

#[test]
fn nothing_is_written_behind_what_was_discarded() {
    let mut fixture = Fixture::new(&[Blocked]);
    fixture.send(b"\x81\x01a");
    fixture.connection.discard();
    assert!(!fixture.connection.writes());
    assert_eq!(fixture.write_waiting(), (Sent::Take, false));
    assert_eq!(fixture.fates(), [Fate::Lost]);
    assert_eq!(fixture.wire.taken, b"");
}

#[test]
fn a_frame_that_cannot_be_encoded_is_not_sent_not_even_the_part_that_could_be() {
    let mut fixture = Fixture::new(&[]);
    for part in [&b""[..], b"part"] {
        let result = fixture.connection.send(
            |out| {
                out.extend_from_slice(part);
                Err("no text")
            },
            TRACKED,
            (&mut fixture.schedule, 1),
            || Duration::ZERO,
            Vec::new,
            Some(&mut |slices| fixture.wire.write(slices)),
        );
        assert_eq!(result, Err("no text"));
        assert_eq!((fixture.fates(), fixture.wire.writes.len()), (vec![], 0));
        assert_eq!(fixture.connection.outbox().waiting(), 0);
    }
}

#[test]
fn frames_for_many_of_a_tick_are_joined_behind_the_first() {
    let mut it = Fixture::new(&[]);
    let frame = Arc::from([7; 100]);
    assert_eq!(it.share(&frame), Some(Sent::Written));
    for _ in 0..9 {
        assert_eq!(it.share(&frame), Some(Sent::WithTick));
    }
    it.schedule.end_tick();
    assert_eq!(it.write_waiting(), (Sent::Written, false));
    assert_eq!(it.wire.writes, [vec![100], vec![900]]);
    // The next tick may have several again.
    assert_eq!(it.share(&frame), Some(Sent::WithTick));
}

#[test]
fn a_frame_for_many_is_not_for_a_stream_or_a_broken_wire() {
    let frame: Arc<[u8]> = Arc::from([7; 300]);
    let mut it = Fixture::on_stream();
    assert_eq!(it.share(&frame), None);
    let mut it = Fixture::new(&[Failed(32)]);
    assert_eq!(it.share(&frame), Some(Sent::Failed));
    assert_eq!(it.share(&frame), None);
    assert_eq!(it.connection.write_error(), Some(WriteError::System(32)));
    assert_eq!(Arc::strong_count(&frame), 1);
}

#[test]
fn no_more_of_frames_for_many_waits_than_was_said() {
    let frame: Arc<[u8]> = Arc::from([7; 300]);
    let mut it = Fixture::new(&[Bytes(100)]);
    it.connection.set_most_waiting(900);
    // What the wire was given at once counts until all of it is written.
    for _ in 0..3 {
        assert_eq!(it.share(&frame), Some(Sent::Blocked));
    }
    assert_eq!(it.share(&frame), None);
    assert_eq!(it.connection.outbox().blocked_len(), 900);
    assert_eq!(it.write_waiting(), (Sent::Written, true));
    it.schedule.end_tick();
    assert_eq!(it.share(&frame), Some(Sent::Written));
    assert_eq!(it.wire.taken.len(), 1200);
}
