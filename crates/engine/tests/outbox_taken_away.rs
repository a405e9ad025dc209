//! Payloads that a program takes away after it has lent them to the outbox.

mod support;

use support::{MESSAGE, Payload, Script, append, fates, write, write_through};
use ws_rs_engine::outbox::{Fate, Outbox, Taken, Written};

use Fate::{Lost, TakenAway};
use Taken::{Blocked, Bytes};

/// Headers of the first and the last fragment of a binary message, with 5 bytes each.
const FIRST: &[u8] = b"\x02\x05";
const LAST: &[u8] = b"\x80\x05";
/// That of a compressed message.
const COMPRESSED: &[u8] = b"\xc2\x05";

#[test]
fn a_message_whose_payload_is_taken_away_is_left_out() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    outbox.track();
    write(&mut outbox, &mut wire);
    payload.resize(4);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x81\x01a\x81\x01b");
    let all = [Fate::Written, TakenAway, Fate::Written];
    assert_eq!(fates(&mut outbox), all);
    assert_eq!((outbox.accepted(), payload.references()), (6, 0));
}

#[test]
fn the_loss_of_the_first_message_is_known_before_the_next_is_written() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked, Blocked]));
    let payload = Payload::new(b"lent1");
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    write(&mut outbox, &mut wire);
    payload.resize(0);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    assert_eq!(fates(&mut outbox), [TakenAway]);
}

#[test]
fn a_payload_may_be_taken_away_again_behind_one_that_was() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(1)]));
    let payloads = [b"lent1", b"lent2", b"lent3"].map(|bytes| Payload::new(bytes));
    append(&mut outbox, b"\x81\x01a");
    for payload in &payloads {
        outbox.push_lent(MESSAGE, payload.clone(), 5);
        outbox.track();
    }
    write(&mut outbox, &mut wire);
    payloads[1].resize(0);
    wire.then(&[Blocked]);
    write(&mut outbox, &mut wire);
    payloads[0].resize(0);
    wire.then(&[Bytes(1)]);
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), []);
    write(&mut outbox, &mut wire);
    assert_eq!(wire.taken, b"\x81\x01a\x82\x05lent3");
    let all = [TakenAway, TakenAway, Fate::Written];
    assert_eq!(fates(&mut outbox), all);
}

#[test]
fn a_payload_that_is_taken_away_half_written_ends_the_connection() {
    for done in 1..7 {
        let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(done)]));
        let payload = Payload::new(b"where");
        write_through(&mut outbox, &payload, &mut wire);
        outbox.track();
        append(&mut outbox, b"\x81\x01b");
        outbox.track();
        payload.resize(4);
        assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
        assert_eq!(wire.taken, b"\x82\x05where"[..done]);
        assert_eq!(fates(&mut outbox), [Lost, Lost]);
        assert_eq!((outbox.waiting(), payload.references()), (0, 0));
    }
}

#[test]
fn a_fragment_or_a_part_of_a_frame_is_not_left_out() {
    for header in [FIRST, LAST, COMPRESSED, b""] {
        let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
        let payload = Payload::new(b"12345");
        append(&mut outbox, b"\x81\x01a");
        outbox.track();
        outbox.push_lent(header, payload.clone(), 5);
        outbox.track();
        append(&mut outbox, b"\x81\x01b");
        outbox.track();
        write(&mut outbox, &mut wire);
        payload.resize(0);
        assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
        assert_eq!(wire.taken, b"\x81\x01a", "what is before it goes first");
        let all = [Fate::Written, Lost, Lost];
        assert_eq!(fates(&mut outbox), all, "{header:?}");
    }
}

#[test]
fn an_empty_part_does_not_stand_before_a_fragment_that_was_taken_away() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
    let (empty, payload) = (Payload::new(b""), Payload::new(b"12345"));
    append(&mut outbox, b"\x82\x00");
    outbox.push_lent(b"", empty.clone(), 0);
    assert_eq!(empty.references(), 0);
    outbox.track();
    outbox.push_lent(FIRST, payload.clone(), 5);
    write(&mut outbox, &mut wire);
    payload.resize(0);
    assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
    assert_eq!(wire.taken, b"\x82\x00");
    assert_eq!(fates(&mut outbox), [Fate::Written]);
}

#[test]
fn nothing_moves_to_another_writer_when_a_payload_is_missing() {
    let mut outbox = Outbox::default();
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    payload.resize(3);
    assert_eq!(outbox.take_all(), None);
    assert_eq!(fates(&mut outbox), [Lost, Lost]);
    assert_eq!((outbox.waiting(), payload.references()), (0, 0));
}

#[test]
fn nothing_moves_to_another_writer_behind_a_message_that_was_left_out() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(1), Blocked]));
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    write(&mut outbox, &mut wire);
    payload.resize(0);
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), [], "what is before it is not written");
    assert_eq!(outbox.take_all(), None);
    assert_eq!(fates(&mut outbox), [TakenAway]);
}

#[test]
fn a_payload_taken_away_behind_what_the_wire_was_given_does_not_shorten_that() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(1)]));
    append(&mut outbox, b"\x81\x04abcd");
    write(&mut outbox, &mut wire);
    let payload = Payload::new(b"lent1");
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    append(&mut outbox, b"\x81\x01b");
    payload.resize(0);
    wire.then(&[Bytes(1)]);
    write(&mut outbox, &mut wire);
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (7, 9));
}

#[test]
fn a_payload_taken_away_of_what_the_wire_was_given_shortens_that() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    write(&mut outbox, &mut wire);
    assert_eq!(outbox.blocked_len(), 10);
    append(&mut outbox, b"\x81\x01b");
    payload.resize(0);
    wire.then(&[Bytes(3)]);
    write(&mut outbox, &mut wire);
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (3, 3));
}

/// A message of which the wire has taken `len` bytes without saying so, behind which another waits.
fn owned(len: usize) -> (Outbox<Payload>, Script, Payload) {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
    let payload = Payload::new(b"lent1");
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    outbox.track();
    write(&mut outbox, &mut wire);
    outbox.own(len);
    assert_eq!((outbox.waiting(), outbox.handed()), (10, 0));
    payload.resize(0);
    (outbox, wire, payload)
}

#[test]
fn what_a_wire_has_taken_without_saying_so_is_not_taken_away() {
    let (mut outbox, mut wire, payload) = owned(8);
    assert_eq!(payload.references(), 0);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x82\x05lent1\x81\x01b");
    assert_eq!(fates(&mut outbox), [Fate::Written, Fate::Written]);
}

#[test]
fn the_rest_of_what_a_wire_has_taken_a_part_of_cannot_be_left_out() {
    let (mut outbox, mut wire, _payload) = owned(4);
    // What the wire has is written, as it is in its hands.
    assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
    assert_eq!(wire.taken, b"\x82\x05le");
    assert_eq!(fates(&mut outbox), [Lost, Lost]);
}

#[test]
fn nothing_is_copied_where_nothing_is_lent() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Blocked]));
    append(&mut outbox, b"\x81\x01a");
    write(&mut outbox, &mut wire);
    outbox.own(3);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x81\x01a");
}
