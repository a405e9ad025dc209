//! The order, the accounts and the fates of what waits for a wire.

mod support;

use support::{MESSAGE, Payload, Script, append, fates, write, write_through};
use ws_rs_engine::outbox::{Fate, Outbox, Taken, Written};

use Fate::Lost;
use Taken::{Blocked, Bytes, Failed};

#[test]
fn frames_are_written_in_the_order_of_their_sending() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::default());
    append(&mut outbox, b"\x81\x01a");
    outbox.push_lent(MESSAGE, Payload::new(b"lent1"), 5);
    append(&mut outbox, b"\x81\x01b");
    append(&mut outbox, b"\x81\x01c");
    outbox.push_lent(MESSAGE, Payload::new(b"lent2"), 5);
    append(&mut outbox, b"\x81\x01d");
    assert_eq!(outbox.waiting(), 26);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(
        wire.taken,
        b"\x81\x01a\x82\x05lent1\x81\x01b\x81\x01c\x82\x05lent2\x81\x01d"
    );
    assert_eq!(wire.writes, [[3, 2, 5, 6, 2, 5, 3]]);
    assert_eq!((outbox.waiting(), outbox.accepted()), (0, 26));
}

#[test]
fn what_a_full_wire_was_given_at_once_is_under_way() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::default());
    wire.then(&[Bytes(1), Bytes(5)]);
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    outbox.track();
    assert_eq!(outbox.tracked_under_way(), 0);
    assert_eq!(outbox.bytes_under_way(), 0);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    append(&mut outbox, b"\x81\x01c");
    outbox.track();
    assert_eq!(outbox.tracked_under_way(), 2);
    assert_eq!(outbox.bytes_under_way(), 5);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    assert_eq!(outbox.tracked_under_way(), 1);
    assert_eq!(outbox.bytes_under_way(), 3);
    outbox.discard();
    assert_eq!(outbox.tracked_under_way(), 0);
    assert_eq!(outbox.bytes_under_way(), 0);
}

#[test]
fn a_wire_may_stop_at_every_byte() {
    let all = b"\x81\x01a\x82\x05lent1\x81\x01b\x82\x05where";
    for first in 0..all.len() {
        for second in 1..=all.len() - first {
            let (mut outbox, mut wire) = (Outbox::default(), Script::default());
            wire.then(&[Bytes(first), Bytes(second)]);
            append(&mut outbox, &all[..3]);
            outbox.track();
            outbox.push_lent(MESSAGE, Payload::new(b"lent1"), 5);
            outbox.track();
            append(&mut outbox, &all[10..13]);
            let written = write_through(&mut outbox, &Payload::new(b"where"), &mut wire);
            outbox.track();
            assert_eq!(written, Written::Blocked);
            assert_eq!(outbox.waiting(), (all.len() - first) as u64);
            let gone = |end: usize, at: usize| usize::from(at >= end);
            let written_by = |at| gone(3, at) + gone(10, at) + gone(20, at);
            assert_eq!(fates(&mut outbox).len(), written_by(first));
            let last = write(&mut outbox, &mut wire);
            assert_eq!(last == Written::All, first + second == all.len());
            let more = written_by(first + second) - written_by(first);
            assert_eq!(fates(&mut outbox).len(), more);
            write(&mut outbox, &mut wire);
            assert_eq!(wire.taken, all);
            assert_eq!(outbox.waiting(), 0);
        }
    }
}

#[test]
fn a_frame_that_is_written_through_is_copied_when_it_cannot_be_lent() {
    for cut in 0..7 {
        let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::new(&[Bytes(cut)]));
        let written = outbox.write_through(MESSAGE, b"where", || None, &mut |s| wire.write(s));
        assert_eq!(written, Written::Blocked);
        assert_eq!(write(&mut outbox, &mut wire), Written::All);
        assert_eq!(wire.taken, b"\x82\x05where");
    }
}

#[test]
fn a_frame_that_the_wire_takes_at_once_is_not_lent() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::default());
    let payload = Payload::new(b"where");
    assert_eq!(
        write_through(&mut outbox, &payload, &mut wire),
        Written::All
    );
    assert_eq!(payload.references(), 0);
    assert_eq!(outbox.take_spare(), None);
}

#[test]
fn more_slices_than_fit_are_written_in_turns() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::default());
    for _ in 0..20 {
        outbox.push_lent(MESSAGE, Payload::new(b"12345"), 5);
    }
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.taken, b"\x82\x0512345".repeat(20));
    let counts: Vec<_> = wire.writes.iter().map(Vec::len).collect();
    assert_eq!(counts, [16, 16, 8]);
}

#[test]
fn a_wire_that_claims_more_than_it_was_given_takes_what_there_was() {
    let mut outbox = Outbox::default();
    append(&mut outbox, b"\x81\x01a");
    assert_eq!(outbox.write(&mut |_| Bytes(1000)), Written::All);
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn a_frame_is_written_when_its_last_byte_is() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(2)]));
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    append(&mut outbox, b"\x81\x01c");
    outbox.track();
    assert!(outbox.is_tracking());
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), []);
    wire.then(&[Bytes(6)]);
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    assert!(!outbox.is_tracking());
}

#[test]
fn a_frame_may_be_tracked_behind_its_writing() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::default());
    append(&mut outbox, b"\x81\x01a");
    write(&mut outbox, &mut wire);
    outbox.track();
    assert!(outbox.is_tracking());
    assert!(!outbox.poll_fate_if(Lost));
    assert!(outbox.poll_fate_if(Fate::Written));
    assert!(!outbox.poll_fate_if(Fate::Written));
}

#[test]
fn a_frame_that_was_lost_in_its_writing_is_lost_when_it_is_tracked_then() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Failed(104)]));
    let written = write_through(&mut outbox, &Payload::new(b"where"), &mut wire);
    assert_eq!(written, Written::Failed(104));
    outbox.track();
    assert_eq!(fates(&mut outbox), [Lost]);
    append(&mut outbox, b"\x81\x01a");
    write(&mut outbox, &mut wire);
    outbox.track();
    assert_eq!(fates(&mut outbox), [Fate::Written]);
}

#[test]
fn all_that_waits_is_lost_when_the_wire_breaks() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(4), Failed(32)]));
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    append(&mut outbox, b"\x81\x01b");
    outbox.track();
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    assert_eq!(write(&mut outbox, &mut wire), Written::Failed(32));
    assert_eq!(fates(&mut outbox), [Fate::Written, Lost, Lost]);
    assert_eq!((outbox.waiting(), payload.references()), (0, 0));
    assert!(!outbox.is_blocked());
}

#[test]
fn all_that_waits_moves_to_another_writer() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(4)]));
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    append(&mut outbox, b"\x81\x01b");
    outbox.track();
    write(&mut outbox, &mut wire);
    let rest = outbox.take_all();
    assert_eq!(rest.as_deref(), Some(&b"\x05lent1\x81\x01b"[..]));
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    assert!(!outbox.is_tracking() && !outbox.is_blocked());
    assert_eq!((outbox.waiting(), outbox.accepted()), (0, 4));
    assert_eq!(payload.references(), 0);
}

#[test]
fn joined_frames_move_without_a_copy() {
    let mut outbox = Outbox::<Payload>::default();
    append(&mut outbox, b"\x81\x01a");
    let mut address = std::ptr::null();
    outbox.write(&mut |slices| {
        address = slices[0].as_ptr();
        Blocked
    });
    let all = outbox.take_all().unwrap();
    assert_eq!(all.as_ptr(), address);
    assert_eq!(outbox.take_spare(), None);
}

#[test]
fn what_is_discarded_is_lost() {
    let mut outbox = Outbox::default();
    let payload = Payload::new(b"lent1");
    append(&mut outbox, b"\x81\x01a");
    outbox.track();
    outbox.push_lent(MESSAGE, payload.clone(), 5);
    outbox.track();
    outbox.discard();
    assert_eq!(fates(&mut outbox), [Lost, Lost]);
    assert_eq!((outbox.waiting(), payload.references()), (0, 0));
    assert_eq!(outbox.take_spare(), None);
}

#[test]
fn all_is_lost_only_if_the_wire_broke_before_it_took_anything() {
    for (then, all_lost) in [(&[Failed(32)][..], true), (&[Bytes(1), Failed(32)], false)] {
        let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::new(then));
        append(&mut outbox, b"\x81\x01a");
        assert!(!outbox.all_lost());
        for _ in then {
            write(&mut outbox, &mut wire);
        }
        assert_eq!(outbox.all_lost(), all_lost);
    }
}

#[test]
fn what_a_full_wire_was_given_at_once_counts_until_its_last_byte_is_written() {
    let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::new(&[Bytes(4)]));
    append(&mut outbox, b"\x81\x01a\x81\x01b");
    assert_eq!(outbox.blocked_len(), 0);
    write(&mut outbox, &mut wire);
    assert!(outbox.is_blocked());
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (2, 6));
    append(&mut outbox, b"\x81\x01c");
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (5, 9));
    wire.then(&[Bytes(3)]);
    write(&mut outbox, &mut wire);
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (2, 3));
    write(&mut outbox, &mut wire);
    assert_eq!((outbox.waiting(), outbox.blocked_len()), (0, 0));
    assert_eq!((outbox.take_peak(), outbox.take_peak()), (9, 0));
}

#[test]
fn what_was_added_to_a_full_wire_is_part_of_the_most_that_waited() {
    let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::new(&[Blocked]));
    append(&mut outbox, b"\x81\x01a");
    write(&mut outbox, &mut wire);
    append(&mut outbox, &[b'b'; 100]);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(outbox.take_peak(), 103);
}

#[test]
fn a_long_tail_is_not_moved_by_each_write() {
    const KIB: usize = 1024;

    let mut outbox = Outbox::<Payload>::default();
    append(&mut outbox, &vec![b'a'; 1024 * KIB]);
    let mut starts = Vec::new();
    for _ in 0..8 {
        outbox.write(&mut |slices| {
            starts.push(slices[0].as_ptr());
            Bytes(65 * KIB)
        });
    }
    let in_place = starts
        .windows(2)
        .all(|pair| pair[1].addr() - pair[0].addr() == 65 * KIB);
    assert!(in_place, "{starts:?}");
}

#[test]
fn a_long_tail_is_written_in_order_in_small_parts() {
    let all: Vec<u8> = (0..500_000_u32).map(|at| (at / 7) as u8).collect();
    let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::default());
    append(&mut outbox, &all);
    for _ in 0..20 {
        wire.then(&[Bytes(24_000)]);
        write(&mut outbox, &mut wire);
    }
    assert_eq!(outbox.waiting(), 20_000);
    append(&mut outbox, b"end");
    write(&mut outbox, &mut wire);
    assert!(wire.taken == [&all[..], b"end"].concat());
}

#[test]
fn memory_to_append_to_goes_round() {
    let (mut outbox, mut wire) = (Outbox::<Payload>::default(), Script::default());
    let spare = Vec::with_capacity(100);
    let address = spare.as_ptr();
    outbox.append(|| spare, |out| out.push(b'a'));
    assert_eq!(outbox.take_spare(), None);
    write(&mut outbox, &mut wire);
    let spare = outbox.take_spare().unwrap();
    assert_eq!(spare.as_ptr(), address);
    assert_eq!(outbox.take_spare(), None);
}

#[test]
fn an_encoder_that_fails_leaves_no_memory_behind() {
    let mut outbox = Outbox::<Payload>::default();
    let result = outbox.append(|| Vec::with_capacity(100), |_| Err::<(), _>("no text"));
    assert_eq!(result, Err("no text"));
    assert_eq!((outbox.waiting(), outbox.take_spare()), (0, None));
}

#[test]
fn an_outbox_in_which_nothing_waits_holds_nothing() {
    let (mut outbox, mut wire) = (Outbox::default(), Script::new(&[Bytes(4)]));
    append(&mut outbox, b"\x81\x01a");
    outbox.push_lent(MESSAGE, Payload::new(b"lent1"), 5);
    outbox.track();
    write(&mut outbox, &mut wire);
    assert!(!format!("{outbox:?}").contains("backlog: None"));
    write(&mut outbox, &mut wire);
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    let at_rest = format!("{outbox:?}");
    assert!(at_rest.contains("backlog: None"), "{at_rest}");
    assert!(at_rest.contains("rest: None"), "{at_rest}");
}
