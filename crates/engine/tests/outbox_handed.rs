//! A wire that keeps bytes before it writes them: a frame is written when the wire says so.

mod support;

use support::{Payload, Script, append, fates, write};
use ws_rs_engine::outbox::{Fate, Outbox, Resized, Taken, Written};

use Fate::{Lost, Written as IsWritten};
use Taken::{Blocked, Bytes, Handed};

const ALL: Taken = Handed(usize::MAX);

fn outbox(frames: &[&[u8]]) -> Outbox<Payload> {
    let mut outbox = Outbox::default();
    for frame in frames {
        append(&mut outbox, frame);
        outbox.track();
    }
    outbox
}

#[test]
fn frames_are_written_when_the_wire_says_so() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x02bc"]);
    let mut wire = Script::new(&[ALL]);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!((outbox.waiting(), outbox.handed()), (0, 7));
    assert_eq!(fates(&mut outbox), []);
    outbox.acknowledge(5);
    assert_eq!(fates(&mut outbox), []);
    outbox.acknowledge(2);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    outbox.acknowledge(0);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert!(!outbox.is_tracking());
}

#[test]
fn a_frame_that_is_asked_for_behind_its_writing_is_under_way() {
    let mut outbox = outbox(&[]);
    let mut wire = Script::new(&[ALL]);
    outbox.append(Vec::new, |out| out.extend_from_slice(b"\x81\x01a"));
    write(&mut outbox, &mut wire);
    outbox.track();
    assert_eq!(fates(&mut outbox), []);
    assert!(outbox.is_tracking());
    outbox.acknowledge(0);
    assert_eq!(fates(&mut outbox), [IsWritten]);
}

#[test]
fn what_is_given_back_waits_before_everything_else() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    let mut wire = Script::new(&[ALL]);
    write(&mut outbox, &mut wire);
    outbox.append(Vec::new, |out| out.extend_from_slice(b"\x81\x01c"));
    outbox.track();
    outbox.put_back(b"\x01b".to_vec(), 0, &[]);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert_eq!((outbox.waiting(), outbox.handed()), (5, 0));
    assert!(outbox.is_blocked());
    assert_eq!(outbox.blocked_len(), 5);
    wire.taken.clear();
    wire.then(&[Bytes(usize::MAX)]);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x01b\x81\x01c");
    assert_eq!(fates(&mut outbox), [IsWritten, IsWritten]);
}

#[test]
fn nothing_given_back_means_that_all_is_written() {
    let mut outbox = outbox(&[b"\x81\x01a"]);
    write(&mut outbox, &mut Script::new(&[ALL]));
    outbox.put_back(Vec::new(), 0, &[]);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert!(!outbox.is_blocked());
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn what_was_given_back_goes_to_another_writer_with_the_rest() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    write(&mut outbox, &mut Script::new(&[ALL]));
    outbox.append(Vec::new, |out| out.extend_from_slice(b"\x81\x01c"));
    outbox.put_back(b"\x81\x01b".to_vec(), 0, &[]);
    assert_eq!(outbox.take_all().unwrap(), b"\x81\x01b\x81\x01c");
    assert_eq!(fates(&mut outbox), [IsWritten]);
    // Those that went to the stream do not count here.
    assert_eq!(outbox.accepted(), 3);
}

#[test]
fn frames_that_the_wire_keeps_are_lost_with_the_rest() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    write(&mut outbox, &mut Script::new(&[ALL]));
    outbox.acknowledge(3);
    outbox.discard();
    assert_eq!(fates(&mut outbox), [IsWritten, Lost]);
    assert_eq!((outbox.waiting(), outbox.handed()), (0, 0));
    outbox.track();
    assert_eq!(fates(&mut outbox), [Lost]);
}

#[test]
fn a_lent_payload_is_handed_over_in_parts() {
    let mut outbox = outbox(&[]);
    let mut wire = Script::new(&[Handed(4), Blocked]);
    outbox.push_lent(b"\x82\x05", Payload::new(b"lent1"), 5);
    outbox.track();
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    outbox.put_back(b"\x05le".to_vec(), 0, &[]);
    wire.taken.clear();
    wire.then(&[ALL]);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x05lent1");
    assert_eq!(fates(&mut outbox), []);
    outbox.acknowledge(0);
    assert_eq!(fates(&mut outbox), [IsWritten]);
}

#[test]
fn what_the_wire_was_to_write_between_frames_comes_back_before_them() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    let mut wire = Script::new(&[ALL]);
    write(&mut outbox, &mut wire);
    outbox.put_back(b"\x8a\0\x81\x01b".to_vec(), 2, &[]);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert_eq!(outbox.waiting(), 5);
    wire.taken.clear();
    wire.then(&[Bytes(4)]);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    assert_eq!(fates(&mut outbox), []);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x8a\0\x81\x01b");
    assert_eq!(fates(&mut outbox), [IsWritten]);
}

#[test]
fn frames_that_the_wire_has_made_count_as_long_as_they_are() {
    let mut outbox = outbox(&[b"\x81\x01a"]);
    let mut wire = Script::new(&[ALL]);
    write(&mut outbox, &mut wire);
    outbox.hand_over(100);
    outbox.track();
    outbox.hand_over(50);
    outbox.track();
    outbox.append(Vec::new, |out| out.extend_from_slice(b"\x81\x01b"));
    outbox.track();
    assert_eq!((outbox.handed(), outbox.waiting()), (153, 3));
    // The plain one is written, and 5 bytes of the 7 that were made of the first; the second was made
    // longer.
    outbox.put_back(
        [b"xy".to_vec(), vec![b'z'; 60]].concat(),
        0,
        &[
            Resized {
                at: 0,
                from: 100,
                to: 2,
                written: 5,
            },
            Resized {
                at: 100,
                from: 50,
                to: 60,
                written: 0,
            },
        ],
    );
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (65, 65));
    assert_eq!(outbox.accepted(), 3 + 7 + 60 + 3);
    let mut lens = Vec::new();
    for len in [1, 1, 59, 1, 3] {
        wire.then(&[Bytes(len), Taken::Blocked]);
        write(&mut outbox, &mut wire);
        lens.push(fates(&mut outbox).len());
    }
    assert_eq!(lens, [0, 1, 0, 1, 1]);
    assert_eq!(outbox.accepted(), 73);
}

#[test]
fn what_was_made_shorter_does_not_count_as_sent() {
    let mut outbox = outbox(&[]);
    outbox.hand_over(100);
    outbox.acknowledge(0);
    outbox.shrink(90);
    assert_eq!((outbox.accepted(), outbox.handed()), (10, 0));
}

#[test]
fn a_wire_that_fails_says_what_it_had_written_before() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    let mut wire = Script::new(&[ALL, Taken::FailedBehind(32, 3)]);
    write(&mut outbox, &mut wire);
    append(&mut outbox, b"\x81\x01c");
    outbox.track();
    assert_eq!(write(&mut outbox, &mut wire), Written::Failed(32));
    assert_eq!(fates(&mut outbox), [IsWritten, Lost, Lost]);
    assert_eq!((outbox.waiting(), outbox.handed()), (0, 0));
}

#[test]
fn what_the_wire_keeps_is_written_though_a_payload_behind_it_was_taken_away() {
    let mut outbox = outbox(&[b"\x81\x01a", b"\x81\x01b"]);
    let mut wire = Script::new(&[ALL]);
    let payload = Payload::new(b"lent1");
    // A fragment, which is not left out.
    outbox.push_lent(b"\x02\x05", payload.clone(), 5);
    outbox.track();
    payload.resize(0);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    outbox.acknowledge(3);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    outbox.acknowledge(0);
    assert_eq!(fates(&mut outbox), [IsWritten]);
    assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
    assert_eq!(fates(&mut outbox), [Lost]);
    assert_eq!(wire.taken, b"\x81\x01a\x81\x01b");
}

#[test]
fn what_nobody_asks_for_is_not_waited_for() {
    let mut outbox = outbox(&[]);
    let mut wire = Script::new(&[ALL]);
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.push_lent(b"\x02\x05", payload.clone(), 5);
    outbox.track();
    payload.resize(0);
    assert_eq!(write(&mut outbox, &mut wire), Written::Torn);
    assert_eq!(fates(&mut outbox), [Lost]);
}
