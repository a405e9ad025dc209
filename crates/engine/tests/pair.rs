//! What two programs see of each other, whatever the wire between them does.

mod support;

#[path = "../fuzz/src/bodies.rs"]
mod bodies;

use proptest::prelude::*;

use support::Payload;
use support::pair::{CONNECTIONS, Pair, What};
use support::wire::Fault;
use ws_rs_engine::connection::{Options, Sent};
use ws_rs_protocol::{Data, OpCode};

const ALL: [usize; CONNECTIONS] = [usize::MAX; CONNECTIONS];
const TRACKED: Options = Options {
    more_messages: false,
    track: true,
};

fn text(payload: &str) -> What {
    let opcode = OpCode::Data(Data::Text);
    What::Joined(opcode, payload.as_bytes().to_vec(), true)
}

fn lent(payload: &[u8]) -> What {
    let opcode = OpCode::Data(Data::Binary);
    What::Lent(opcode, Payload::new(payload), true, true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn commands_and_faults_in_any_order_break_no_rule(
        input in prop::collection::vec(any::<u8>(), 1..120),
    ) {
        bodies::pair(&input);
    }

    #[test]
    fn what_was_sent_arrives_once_in_order_and_unchanged(
        lens in prop::collection::vec((any::<bool>(), 0_usize..6000), 1..20),
        capacity in 1_usize..5000,
        shorts in prop::collection::vec(0_usize..3000, 0..20),
        most in 1_usize..4000,
    ) {
        let mut pair = Pair::new(capacity);
        let wire = &mut pair.far.end(0).wire;
        wire.faults.extend(shorts.iter().map(|most| Fault::Short(*most)));
        for (nth, (is_lent, len)) in lens.into_iter().enumerate() {
            let bytes: Vec<u8> = (0..len).map(|at| b'a' + ((at + nth) % 26) as u8).collect();
            let what = if is_lent {
                lent(&bytes)
            } else {
                text(std::str::from_utf8(&bytes).unwrap())
            };
            let now = pair.now;
            pair.far.send(0, &what, TRACKED, now);
            if nth % 3 == 0 {
                pair.batch(false, [most, 0], 0);
            }
        }
        // It checks that all have arrived, and that each was called back for.
        pair.finish();
    }

    #[test]
    fn nothing_is_held_after_a_reset_at_any_byte(
        taken in 0_usize..400,
        lens in prop::collection::vec(0_usize..200, 1..6),
    ) {
        let mut pair = Pair::new(taken);
        let now = pair.now;
        for len in lens {
            pair.far.send(0, &lent(&vec![b'a'; len]), TRACKED, now);
            pair.far.send(0, &text("b"), TRACKED, now);
        }
        pair.far.end(0).wire.reset(104, taken);
        pair.far.end(0).write_waiting();
        pair.far.end_tick();
        pair.finish();
    }
}

#[test]
fn the_first_frame_of_a_tick_is_on_the_wire_when_send_returns() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    for tick in 1..4 {
        let sent = pair.near.send(0, &text("hi"), TRACKED, now);
        assert_eq!(sent, Some(Sent::Written));
        assert_eq!(pair.near.end(0).wire.in_flight(), tick * 8);
        pair.near.end_tick();
    }
    pair.finish();
}

#[test]
fn a_hundred_sends_of_a_tick_take_at_most_five_writes() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    for _ in 0..100 {
        pair.near
            .send(0, &text(&"x".repeat(125)), Options::default(), now);
    }
    pair.near.end_tick();
    assert_eq!(pair.near.end(0).wire.writes, 5);
    pair.finish();
}

#[test]
fn what_is_sent_over_time_leaves_while_the_tick_goes_on() {
    let mut pair = Pair::new(1 << 20);
    for _ in 0..10 {
        let now = pair.now;
        pair.near
            .send(0, &text("progress"), Options::default(), now);
        pair.now += std::time::Duration::from_micros(100);
    }
    // All but the last, which nobody has looked at since.
    assert_eq!(pair.near.end(0).wire.in_flight(), 9 * 14);
    pair.near.end_tick();
    pair.finish();
}

#[test]
fn sixteen_answers_to_sixteen_messages_of_a_chunk_take_one_write() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    for _ in 0..16 {
        pair.near
            .send(0, &text("question"), Options::default(), now);
    }
    pair.near.end_tick();
    pair.batch(true, ALL, 16);
    assert_eq!(pair.far.end(0).wire.writes, 1);
    assert_eq!(pair.far.end(0).wire.in_flight(), 16 * 6);
    pair.finish();
}

#[test]
fn one_connection_that_breaks_harms_no_other() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    pair.near.end(0).wire.reset(32, 0);
    for _ in 0..3 {
        let sent = pair.near.send(0, &text("lost"), TRACKED, now);
        assert_eq!(sent, Some(Sent::Failed));
        pair.near.send(1, &text("arrives"), TRACKED, now);
    }
    pair.near.end_tick();
    assert_eq!(pair.near.end(1).wire.in_flight(), 3 * 13);
    pair.finish();
}
