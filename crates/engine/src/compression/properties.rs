//! Codecs, jobs and the pool in any order of events, with faults.

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use ws_rs_protocol::{DeflateOptions, Inflater};

use self::world::{Payload, Step, World, task};
use super::*;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let payload = || {
        let len = prop_oneof![
            0..300_usize,
            4000..20_000_usize,
            128 * 1024..140 * 1024_usize
        ];
        (len, any::<u8>()).prop_map(|(len, byte)| Payload { len, byte })
    };
    let index = || 0..6_usize;
    let step = prop_oneof![
        2 => any::<bool>().prop_map(Step::CreateDeflater),
        1 => Just(Step::CreateInflater),
        6 => (index(), payload(), any::<bool>(), prop_oneof![Just(0), Just(300)])
            .prop_map(|(i, payload, reset, us)| Step::Run(i, payload, reset, us)),
        4 => (index(), payload(), any::<bool>()).prop_map(|(i, payload, reset)| Step::Start(i, payload, reset)),
        4 => index().prop_map(Step::StartRest),
        6 => (index(), payload()).prop_map(|(i, payload)| Step::See(i, payload)),
        2 => index().prop_map(Step::EndContext),
        1 => index().prop_map(Step::Free),
        5 => index().prop_map(Step::RunJob),
        1 => index().prop_map(Step::PanicJob),
        1 => index().prop_map(Step::DropJob),
        4 => Just(Step::Take),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_result_comes_once_to_whom_it_belongs_and_nothing_is_left(steps in steps()) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
        }
        world.end();
    }
}

fn deflater(compression: &mut Compression) -> Id {
    compression
        .create(Kind::Deflate(DeflateOptions::default()))
        .unwrap()
}

#[test]
fn a_thousand_codecs_later_a_result_finds_nobody_but_its_own_codec() {
    let mut compression = Compression::default();
    let first = deflater(&mut compression);
    let job = compression
        .start(first, b"secret of the first".to_vec(), task(false))
        .unwrap();
    compression.free(first);
    for _ in 0..2000 {
        let other = deflater(&mut compression);
        compression.free(other);
    }
    let last = deflater(&mut compression);
    let own = compression
        .start(last, b"data of the last".to_vec(), task(false))
        .unwrap();
    assert_ne!(job.number(), own.number());
    job.run();
    let finished = compression.take_finished();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0].result, None);
    own.run();
    let finished = compression.take_finished();
    assert!(matches!(&finished[0].result, Some(Ok(_))));
}

#[test]
fn a_panic_on_the_event_loop_is_an_error_of_that_codec_alone() {
    let mut compression = Compression::default();
    let (one, other) = (deflater(&mut compression), deflater(&mut compression));
    let result = compression.run(one, &[b'a'; 5000], task(false), || {
        std::panic::resume_unwind(Box::new("a fault"))
    });
    assert_eq!(result, Err(Failure::Panicked));
    assert_eq!(compression.kept(), 0);
    for id in [one, other] {
        let result = compression.run(id, b"Hello", task(false), || Duration::ZERO);
        assert_eq!(
            result,
            Ok(Some(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..]))
        );
    }
}

#[test]
fn who_waits_is_woken_once_for_all_results_that_were_not_taken_yet() {
    let mut compression = Compression::default();
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    compression.on_results(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    for taken in 1..=2 {
        for _ in 0..2 {
            let id = deflater(&mut compression);
            compression
                .start(id, b"Hello".to_vec(), task(true))
                .unwrap()
                .run();
        }
        assert_eq!(compression.take_finished().len(), 2);
        assert_eq!(woken.load(Ordering::Relaxed), taken);
    }
}

#[test]
fn a_job_that_no_thread_can_run_has_its_result_when_it_is_dropped() {
    let mut compression = Compression::default();
    let id = deflater(&mut compression);
    drop(
        compression
            .start(id, b"Hello".to_vec(), task(true))
            .unwrap(),
    );
    assert_eq!(
        compression.take_finished()[0].result,
        Some(Err(Failure::Lost))
    );
    assert_eq!(compression.running(), 0);
    assert!(
        compression
            .run(id, b"Hello", task(true), || Duration::ZERO)
            .is_ok()
    );
}

#[test]
fn a_compressor_with_a_rest_to_do_is_not_taken_away_for_others() {
    let mut compression = Compression::default();
    let id = deflater(&mut compression);
    let mut time = Duration::ZERO;
    let payload = vec![b'a'; 10_000];
    let result = compression.run(id, &payload, task(false), || {
        time += Duration::from_millis(1);
        time
    });
    assert_eq!(result, Ok(None));
    for _ in 0..1000 {
        let other = deflater(&mut compression);
        compression
            .run(other, b"Hello", task(false), || Duration::ZERO)
            .unwrap();
    }
    assert_eq!(compression.kept(), 256);
    compression.start_rest(id).unwrap().run();
    let finished = compression.take_finished();
    let Some(Ok(bytes)) = &finished[0].result else {
        panic!("no bytes");
    };
    let mut inflated = Vec::new();
    Inflater::new(15, Vec::new())
        .decompress(bytes, true, None, &mut inflated)
        .unwrap();
    assert!(inflated == payload);
}

#[test]
fn a_context_that_ends_at_will_refers_to_no_dictionary_that_the_peer_has_left_behind() {
    let mut world = World::default();
    let payload = Payload { len: 40, byte: 1 };
    world.step(Step::CreateDeflater(true));
    for step in [
        Step::Run(0, payload, false, 0),
        Step::EndContext(0),
        Step::Run(0, payload, false, 0),
        Step::See(0, payload),
        Step::EndContext(0),
        Step::Run(0, payload, false, 0),
    ] {
        world.step(step);
    }
    world.end();
}
