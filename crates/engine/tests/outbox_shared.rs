//! Frames that many connections get, in the outbox of one.

mod support;

use std::sync::Arc;

use support::{Payload, Script, append, fates, write};
use ws_rs_engine::outbox::{Fate, Outbox, Taken, Written};

type Box = Outbox<Payload>;

fn frame(byte: u8, len: usize) -> Arc<[u8]> {
    vec![byte; len].into()
}

fn share(outbox: &mut Box, frame: &Arc<[u8]>, wire: &mut Script) -> Written {
    outbox.write_shared(frame, &mut |slices| wire.write(slices))
}

#[test]
fn what_the_wire_takes_at_once_is_not_kept() {
    let (mut outbox, mut wire) = (Box::default(), Script::default());
    let shared = frame(1, 300);
    assert_eq!(share(&mut outbox, &shared, &mut wire), Written::All);
    assert_eq!(Arc::strong_count(&shared), 1);
    assert_eq!((wire.taken, outbox.waiting()), (vec![1; 300], 0));
    assert_eq!(outbox.accepted(), 300);
}

#[test]
fn it_is_written_behind_what_waits_in_one_go() {
    let (mut outbox, mut wire) = (Box::default(), Script::default());
    append(&mut outbox, b"first");
    let shared = frame(1, 300);
    assert_eq!(share(&mut outbox, &shared, &mut wire), Written::All);
    assert_eq!(wire.writes, [[5, 300]]);
}

#[test]
fn one_copy_waits_for_however_many_are_behind() {
    let shared = frame(7, 1 << 20);
    let mut outboxes: Vec<_> = (0..10).map(|_| Box::default()).collect();
    for (taken, outbox) in outboxes.iter_mut().enumerate() {
        let mut wire = Script::new(&[Taken::Bytes(taken * 1000)]);
        assert_eq!(share(outbox, &shared, &mut wire), Written::Blocked);
        outbox.push_shared(&shared, || panic!("it is copied"));
    }
    assert_eq!(Arc::strong_count(&shared), 21);
    for (taken, outbox) in outboxes.iter_mut().enumerate() {
        let mut wire = Script::default();
        assert_eq!(outbox.waiting(), (2 << 20) - taken as u64 * 1000);
        assert_eq!(write(outbox, &mut wire), Written::All);
        assert_eq!(wire.taken.len(), (2 << 20) - taken * 1000);
    }
    assert_eq!(Arc::strong_count(&shared), 1);
}

#[test]
fn what_is_next_is_said_if_others_have_it() {
    let (mut outbox, mut wire) = (Box::default(), Script::new(&[Taken::Bytes(100)]));
    assert_eq!(outbox.next_shared(), 0);
    assert_eq!(
        share(&mut outbox, &frame(1, 1000), &mut wire),
        Written::Blocked
    );
    assert_eq!(outbox.next_shared(), 900);
    append(&mut outbox, b"behind");
    assert_eq!(outbox.next_shared(), 900);
    assert_eq!(
        write(&mut outbox, &mut Script::new(&[Taken::Bytes(901)])),
        Written::Blocked
    );
    assert_eq!(outbox.next_shared(), 0);
}

#[test]
fn short_ones_are_joined_with_others() {
    let (mut outbox, mut wire) = (Box::default(), Script::default());
    append(&mut outbox, b"a");
    outbox.push_shared(&frame(b'b', 100), Vec::new);
    append(&mut outbox, b"c");
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(wire.writes, [[102]]);
}

#[test]
fn order_and_fates_are_kept_among_other_frames() {
    let mut outbox = Box::default();
    let mut wire = Script::new(&[Taken::Bytes(100)]);
    append(&mut outbox, b"own");
    outbox.track();
    assert_eq!(
        share(&mut outbox, &frame(b'x', 1000), &mut wire),
        Written::Blocked
    );
    append(&mut outbox, b"behind");
    outbox.track();
    outbox.push_shared(&frame(b'y', 1000), Vec::new);
    append(&mut outbox, b"last");
    outbox.track();
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    assert_eq!(outbox.blocked_len(), 1003 + 6 + 1000 + 4);
    wire.then(&[Taken::Bytes(903 + 6 + 999)]);
    assert_eq!(write(&mut outbox, &mut wire), Written::Blocked);
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    assert_eq!(write(&mut outbox, &mut wire), Written::All);
    assert_eq!(fates(&mut outbox), [Fate::Written]);
    let all = [
        b"own".to_vec(),
        vec![b'x'; 1000],
        b"behind".to_vec(),
        vec![b'y'; 1000],
        b"last".to_vec(),
    ];
    assert_eq!(wire.taken, all.concat());
}

#[test]
fn another_writer_gets_its_own_copy_of_what_waits() {
    let shared = frame(1, 1000);
    let mut outbox = Box::default();
    let mut wire = Script::new(&[Taken::Bytes(10)]);
    assert_eq!(share(&mut outbox, &shared, &mut wire), Written::Blocked);
    append(&mut outbox, b"end");
    let all = outbox.take_all().expect("nothing was taken away");
    assert_eq!(all, [vec![1; 990], b"end".to_vec()].concat());
    assert_eq!((Arc::strong_count(&shared), outbox.waiting()), (1, 0));
}

#[test]
fn what_is_dropped_or_broken_is_given_back() {
    let shared = frame(1, 1000);
    let mut outbox = Box::default();
    let mut wire = Script::new(&[Taken::Blocked, Taken::Failed(32)]);
    assert_eq!(share(&mut outbox, &shared, &mut wire), Written::Blocked);
    assert_eq!(outbox.waiting(), 1000);
    assert_eq!(write(&mut outbox, &mut wire), Written::Failed(32));
    assert_eq!((Arc::strong_count(&shared), outbox.waiting()), (1, 0));
    outbox.push_shared(&shared, Vec::new);
    outbox.discard();
    assert_eq!((Arc::strong_count(&shared), outbox.waiting()), (1, 0));
}
