//! What becomes of connections when jobs fail or are late, and when there is no memory.

mod support;

use proptest::prelude::*;

use support::Payload;
use support::compressor::Way;
use support::pair::{CONNECTIONS, Pair, What};
use support::threads::Does;
use ws_rs_engine::connection::Options;
use ws_rs_protocol::{Data, OpCode};

const TEXT: OpCode = OpCode::Data(Data::Text);
const ALL: [usize; CONNECTIONS] = [usize::MAX; CONNECTIONS];
const TRACKED: Options = Options {
    more_messages: false,
    track: true,
};

fn plain(text: &str) -> What {
    What::Joined(TEXT, text.as_bytes().to_vec(), true)
}

fn compressed(len: usize, way: Way) -> What {
    let text = (0..len).map(|at| b'a' + (at * at % 23) as u8).collect();
    What::Compressed(TEXT, text, way)
}

#[derive(Debug, Clone)]
enum Step {
    Send(bool, usize, usize, Option<Way>),
    Thread(bool, usize, Does),
    TakeResults(bool),
    Read(bool, usize),
    NoMemory(bool, usize),
    Destroy(bool, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let way = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Way::Inline)),
        1 => Just(Some(Way::Begun)),
        4 => Just(Some(Way::Job)),
    ];
    let does = prop_oneof![
        16 => Just(Does::Work),
        1 => Just(Does::Drop),
        1 => Just(Does::Panic),
        1 => Just(Does::Refuse),
    ];
    let side = any::<bool>;
    let index = || 0..CONNECTIONS;
    let step = prop_oneof![
        8 => (side(), index(), 0_usize..9000, way)
            .prop_map(|(side, index, len, way)| Step::Send(side, index, len, way)),
        8 => (side(), any::<usize>(), does)
            .prop_map(|(side, which, does)| Step::Thread(side, which, does)),
        4 => side().prop_map(Step::TakeResults),
        6 => (side(), 1_usize..9000).prop_map(|(side, most)| Step::Read(side, most)),
        1 => (side(), index()).prop_map(|(side, index)| Step::NoMemory(side, index)),
        1 => (side(), index()).prop_map(|(side, index)| Step::Destroy(side, index)),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn messages_keep_their_order_whatever_threads_do_and_each_fault_is_its_connections_own(
        steps in steps(),
        capacity in 1_usize..20_000,
    ) {
        let mut pair = Pair::new(capacity);
        for step in steps {
            let now = pair.now;
            match step {
                Step::Send(is_far, index, len, way) => {
                    let what = way.map_or_else(|| plain("plain"), |way| compressed(len, way));
                    pair.side(is_far).send(index, &what, TRACKED, now);
                    pair.side(is_far).end_tick();
                }
                Step::Thread(is_far, which, does) => pair.side(is_far).threads.run(which, does),
                Step::TakeResults(is_far) => pair.take_results(is_far),
                Step::Read(is_far, most) => pair.batch(is_far, [most; CONNECTIONS], 1),
                Step::NoMemory(is_far, index) => {
                    pair.side(is_far).end(index).reader.is_short_of_memory = true;
                }
                Step::Destroy(is_far, index) => pair.side(is_far).destroy(index),
            }
            pair.near.check(now);
            pair.far.check(now);
        }
        // It checks that all have arrived but for what was behind a fault, and that nothing is left.
        pair.finish();
    }
}

#[test]
fn what_is_sent_behind_a_message_that_another_thread_compresses_waits_for_it() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    pair.far.send(0, &compressed(5000, Way::Job), TRACKED, now);
    pair.far.send(0, &plain("behind"), TRACKED, now);
    pair.far.send(1, &plain("beside"), TRACKED, now);
    pair.far.end_tick();
    assert_eq!(pair.far.end(0).wire.in_flight(), 0);
    assert_eq!(pair.far.end(1).wire.in_flight(), 8);
    pair.far.threads.run(0, Does::Work);
    pair.take_results(true);
    assert_eq!(pair.far.end(0).wire.writes, 2);
    pair.finish();
}

#[test]
fn what_comes_behind_a_message_that_another_thread_inflates_waits_for_it() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    // Every other one is inflated by another thread.
    for _ in 0..2 {
        let what = compressed(5000, Way::Inline);
        pair.far.send(0, &what, TRACKED, now);
    }
    pair.far.send(0, &plain("behind"), TRACKED, now);
    pair.far.end_tick();
    pair.batch(false, ALL, 0);
    assert!(!pair.near.end(0).reader.is_idle());
    assert_eq!(pair.near.threads.jobs.len(), 1);
    pair.near.threads.run(0, Does::Work);
    pair.take_results(false);
    assert!(pair.near.end(0).reader.is_idle());
    pair.finish();
}

#[test]
fn a_message_that_no_thread_could_compress_ends_its_own_connection() {
    for does in [Does::Drop, Does::Panic, Does::Refuse] {
        let mut pair = Pair::new(1 << 20);
        let now = pair.now;
        for index in 0..CONNECTIONS {
            let what = compressed(5000, Way::Job);
            pair.far.send(index, &what, TRACKED, now);
            pair.far.send(index, &plain("behind"), TRACKED, now);
        }
        pair.far.threads.run(0, does);
        pair.far.threads.run(0, Does::Work);
        pair.take_results(true);
        assert!(!pair.far.end(0).is_open(), "{does:?}");
        assert_eq!(pair.far.end(0).wire.taken, 0, "{does:?}");
        assert!(pair.far.end(1).is_open(), "{does:?}");
        assert!(pair.far.end(1).wire.taken > 8, "{does:?}");
        pair.finish();
    }
}

#[test]
fn a_message_that_no_thread_could_inflate_closes_its_own_connection() {
    for does in [Does::Drop, Does::Panic, Does::Refuse] {
        let mut pair = Pair::new(1 << 20);
        let now = pair.now;
        for index in 0..CONNECTIONS {
            for _ in 0..2 {
                let what = compressed(5000, Way::Inline);
                pair.far.send(index, &what, TRACKED, now);
            }
        }
        pair.far.end_tick();
        pair.batch(false, ALL, 0);
        pair.near.threads.run(0, does);
        pair.near.threads.run(0, Does::Work);
        pair.take_results(false);
        assert_eq!(pair.near.end(0).reader.failed, Some(1011), "{does:?}");
        assert!(!pair.near.end(0).is_open(), "{does:?}");
        assert_eq!(pair.near.end(1).reader.failed, None, "{does:?}");
        assert!(pair.near.end(1).is_open(), "{does:?}");
        pair.finish();
    }
}

#[test]
fn a_result_that_comes_when_its_connection_has_ended_finds_nobody() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    pair.far.send(0, &compressed(5000, Way::Job), TRACKED, now);
    pair.far.destroy(0);
    pair.far.threads.run(0, Does::Work);
    // It checks that a result has one taker, or none.
    pair.take_results(true);
    assert_eq!(pair.far.end(0).wire.taken, 0);
    assert_eq!(pair.far.threads.compression.running(), 0);
    pair.finish();
}

#[test]
fn a_message_that_there_is_no_memory_to_compress_ends_its_connection() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    pair.far
        .send(0, &compressed(9000, Way::Refused), TRACKED, now);
    assert!(!pair.far.end(0).is_open());
    pair.far
        .send(1, &compressed(9000, Way::Inline), TRACKED, now);
    assert!(pair.far.end(1).wire.taken > 0);
    pair.finish();
}

#[test]
fn a_message_that_there_is_no_memory_to_put_together_closes_its_connection() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    let long = "x".repeat(3000);
    for index in 0..CONNECTIONS {
        pair.far.send(index, &plain(&long), TRACKED, now);
    }
    pair.near.end(0).reader.is_short_of_memory = true;
    pair.batch(false, [100; CONNECTIONS], 0);
    // RFC 6455, section 7.4.1: too big to process.
    assert_eq!(pair.near.end(0).reader.failed, Some(1009));
    assert!(!pair.near.end(0).is_open());
    assert!(pair.near.end(1).is_open());
    pair.finish();
}

#[test]
fn a_frame_that_there_is_no_memory_to_encode_is_not_sent_in_part() {
    let mut pair = Pair::new(1 << 20);
    let now = pair.now;
    pair.far.send(0, &plain("before"), TRACKED, now);
    for len in [0, 1, 100] {
        pair.far.send_nothing(0, &vec![b'x'; len], now);
    }
    pair.far.send(0, &plain("behind"), TRACKED, now);
    pair.far.end_tick();
    assert_eq!(pair.far.end(0).wire.taken, 8 + 8);
    pair.finish();
}

#[test]
fn a_payload_that_there_is_no_memory_to_refer_to_is_copied() {
    let mut pair = Pair::new(10);
    let now = pair.now;
    let binary = OpCode::Data(Data::Binary);
    let what = What::Lent(binary, Payload::new(&[b'a'; 500]), true, false);
    pair.far.send(0, &what, TRACKED, now);
    drop(what);
    // Whatever becomes of it now, the copy is sent.
    let payload = pair.far.end(0).ledger.payload(0);
    payload.expect("it was sent").resize(0);
    pair.finish();
}
