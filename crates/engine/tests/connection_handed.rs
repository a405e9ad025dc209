//! What a wire has taken of a connection and not written yet, and when it is asked again.

mod support;

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use support::{Payload, Script};
use ws_rs_engine::connection::{Connection, Options, Passage, Sent, WriteError};
use ws_rs_engine::meter::Meter;
use ws_rs_engine::outbox::{Fate, Taken};
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{Config, Role};

use Taken::{Blocked, Bytes, Failed, Handed};

const FRAME: &[u8] = b"\x81\x01a";

type ServerConnection = Connection<Vec<u8>, Payload>;

/// A server's connection, written to by a wire.
fn connection() -> ServerConnection {
    let mut connection = Connection::new(Role::Server, Config::default());
    connection.set_writes(true);
    connection
}

/// Sends a frame that is asked for, on a wire that answers so.
fn send(connection: &mut ServerConnection, answers: &[Taken]) -> Sent {
    let mut wire = Script::new(answers);
    let Ok(sent) = connection.send(
        |out| {
            out.extend_from_slice(FRAME);
            Ok::<_, Infallible>(())
        },
        Options {
            more_messages: false,
            track: true,
        },
        (&mut Schedule::default(), 1),
        || Duration::ZERO,
        Vec::new,
        Some(&mut |slices| wire.write(slices)),
    );
    sent
}

fn fates(connection: &mut ServerConnection) -> Vec<Fate> {
    std::iter::from_fn(|| connection.poll_fate()).collect()
}

#[test]
fn a_wire_is_given_frames_past_the_outbox_behind_all_that_waits() {
    let mut connection = connection();
    assert_eq!(connection.passage(), Passage::Open);
    assert_eq!(send(&mut connection, &[Blocked]), Sent::Blocked);
    assert_eq!(connection.passage(), Passage::Behind);
    connection.write(Some(&mut |slices| Bytes(slices[0].len())));
    assert_eq!(connection.passage(), Passage::Open);
}

#[test]
fn neither_a_stream_nor_a_broken_wire_is_given_frames_past_the_outbox() {
    let mut connection = connection();
    connection.set_writes(false);
    assert_eq!(connection.passage(), Passage::Closed);
    connection.set_writes(true);
    assert_eq!(send(&mut connection, &[Failed(32)]), Sent::Failed);
    assert_eq!(connection.passage(), Passage::Closed);
}

#[test]
fn a_full_wire_is_asked_again_only_if_it_has_room() {
    let mut connection = connection();
    assert_eq!(
        connection.settle(false, Some(&mut |_| Blocked)),
        Sent::Written
    );
    send(&mut connection, &[Blocked]);
    let sent = connection.settle(false, Some(&mut |_| panic!("it is full")));
    assert_eq!(sent, Sent::Blocked);
    let sent = connection.settle(true, Some(&mut |slices| Bytes(slices[0].len())));
    assert_eq!(sent, Sent::Written);
}

#[test]
fn what_a_wire_did_not_write_before_it_broke_is_lost_and_the_rest_written() {
    let mut connection = connection();
    send(&mut connection, &[Handed(3)]);
    connection.hand_over(5, true);
    connection.fail_behind(5, 104);
    assert_eq!(fates(&mut connection), [Fate::Written, Fate::Lost]);
    assert_eq!(connection.write_error(), Some(WriteError::System(104)));
}

#[test]
fn bytes_that_a_wire_has_taken_without_saying_so_are_nobody_elses_to_write() {
    let mut connection = connection();
    send(&mut connection, &[Blocked]);
    connection.report_committed(0);
    assert_eq!(connection.outbox().waiting(), 3);
    connection.report_committed(2);
    assert_eq!(connection.take_all(), Some(b"a".to_vec()));
}

#[test]
fn of_a_stream_no_wire_has_taken_anything() {
    let mut connection = connection();
    connection.set_writes(false);
    send(&mut connection, &[]);
    connection.report_committed(2);
    assert_eq!(connection.take_all(), Some(FRAME.to_vec()));
}

#[test]
fn a_payload_is_copied_that_a_wire_has_taken_a_part_of_unless_it_was_handed_over() {
    let mut connection = connection();
    let payload = Payload::new(b"hello");
    connection.send_lent(
        b"\x82\x05",
        payload.whole(),
        Options::default(),
        || Some(payload.clone()),
        Vec::new,
        Some(&mut |_| Blocked),
    );
    connection.own(|| 7);
    assert_eq!(payload.references(), 0);

    let mut handed = self::connection();
    send(&mut handed, &[Handed(1), Blocked]);
    handed.own(|| panic!("it has a copy"));
}

#[test]
fn the_program_looks_at_fates_at_broken_wires_and_at_those_that_have_just_become_full() {
    let mut connection = connection();
    for (sent, was_blocked, looks) in [
        (Sent::WithBatch, false, false),
        (Sent::Blocked, false, true),
        (Sent::Blocked, true, false),
        (Sent::Written, false, false),
        (Sent::Take, false, true),
        (Sent::WithTick, false, true),
        (Sent::Failed, false, true),
    ] {
        assert_eq!(connection.needs_look(sent, was_blocked), looks, "{sent:?}");
    }
    send(&mut connection, &[]);
    assert!(connection.needs_look(Sent::Written, false));
}

#[test]
fn messages_and_pongs_of_the_wire_count_and_what_failed_does_not() {
    let mut connection = connection();
    let meter = Rc::new(Meter::default());
    connection.meter = Some(Rc::clone(&meter));
    connection.count_message(Sent::Written, 0x81, 100);
    connection.count_message(Sent::Failed, 0x81, 100);
    connection.count_pong(4);
    let sent = &meter.sent;
    assert_eq!((sent.messages.get(), sent.bytes.get()), (1, 100));
    assert_eq!(sent.wire_bytes.get(), 6);
    assert_eq!(connection.outbox().accepted(), 6);
}

#[test]
fn a_wire_that_was_asked_tells_of_room_if_it_took_no_more() {
    assert_eq!(Sent::Blocked.wants_room(), Some(true));
    assert_eq!(Sent::Written.wants_room(), Some(false));
    assert_eq!(Sent::Failed.wants_room(), Some(false));
    for sent in [Sent::WithBatch, Sent::WithTick, Sent::Take] {
        assert_eq!(sent.wants_room(), None);
    }
    assert!(Sent::Written.has_left() && Sent::Take.has_left());
    assert!(!Sent::Blocked.has_left() && !Sent::WithBatch.has_left());
}
