//! Codecs, jobs and the pool in any order of events, with faults.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use ws_rs_protocol::{DeflateOptions, Inflater};

use super::*;

/// What messages have in common with it.
const DICTIONARY: &[u8] = b"codec 0 sends 1;codec 1 sends 200;";

#[derive(Debug, Clone, Copy)]
enum Step {
    /// With or without a dictionary.
    CreateDeflater(bool),
    CreateInflater,
    /// With the time that each look at the clock takes, in µs.
    Run(usize, Payload, bool, u64),
    Start(usize, Payload, bool),
    StartRest(usize),
    /// The peer is sent what another compressor made.
    See(usize, Payload),
    EndContext(usize),
    Free(usize),
    RunJob(usize),
    PanicJob(usize),
    DropJob(usize),
    Take,
}

#[derive(Debug, Clone, Copy)]
struct Payload {
    len: usize,
    byte: u8,
}

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

/// A codec as its user sees it.
struct Seen {
    id: Id,
    /// The peer of a compressor.
    peer: Option<Inflater>,
    /// What the message that is under way has to become, and the job that makes it.
    expected: Option<(Vec<u8>, bool)>,
    job: Option<JobId>,
    has_rest: bool,
}

#[derive(Default)]
struct World {
    compression: Compression,
    codecs: Vec<Seen>,
    /// Jobs that no thread has taken yet.
    jobs: Vec<Job>,
    /// Jobs that were started, and whether their codec is still there.
    started: HashMap<JobId, bool>,
    failed: HashMap<JobId, Failure>,
}

/// Bytes that tell whose they are.
fn bytes(id: Id, payload: Payload) -> Vec<u8> {
    let mut bytes = format!("codec {id} sends {};", payload.byte).into_bytes();
    let text = bytes.clone();
    while bytes.len() < payload.len {
        bytes.extend_from_slice(&text);
    }
    bytes.truncate(payload.len);
    bytes
}

fn task(reset: bool) -> Task {
    Task {
        fin: true,
        reset,
        limit: usize::MAX,
        is_lent: false,
    }
}

impl World {
    fn create_deflater(&mut self, has_dictionary: bool) {
        let dictionary = if has_dictionary {
            DICTIONARY.to_vec()
        } else {
            Vec::new()
        };
        let options = DeflateOptions {
            level: 1,
            dictionary: dictionary.clone(),
            ..DeflateOptions::default()
        };
        self.create(Kind::Deflate(options), Some(Inflater::new(15, dictionary)));
    }

    fn create_inflater(&mut self) {
        let kind = Kind::Inflate {
            window_bits: 15,
            dictionary: Vec::new(),
        };
        self.create(kind, None);
    }

    fn create(&mut self, kind: Kind, peer: Option<Inflater>) {
        let id = self.compression.create(kind).unwrap();
        self.codecs.push(Seen {
            id,
            peer,
            expected: None,
            job: None,
            has_rest: false,
        });
    }

    /// What goes in, and what has to come out at the peer.
    fn payload(seen: &Seen, payload: Payload) -> (Vec<u8>, Vec<u8>) {
        let plain = bytes(seen.id, payload);
        if seen.peer.is_some() {
            return (plain.clone(), plain);
        }
        let mut compressed = Vec::new();
        ws_rs_protocol::Deflater::new(DeflateOptions::default())
            .compress(&plain, true, &mut compressed)
            .unwrap();
        (compressed, plain)
    }

    /// Looks at a result as the peer does.
    fn check(seen: &mut Seen, result: &[u8]) {
        let (expected, reset) = seen.expected.take().expect("a result that was waited for");
        let Some(peer) = &mut seen.peer else {
            assert!(result == expected, "an inflater gave something else");
            return;
        };
        let mut inflated = Vec::new();
        peer.decompress(result, true, None, &mut inflated).unwrap();
        assert!(inflated == expected, "the peer got something else");
        if reset {
            peer.reset();
        }
    }

    /// Its next message begins a new context, as after every failure; so does its peer.
    fn fail(seen: &mut Seen) {
        seen.expected = None;
        if let Some(peer) = &mut seen.peer {
            peer.reset();
        }
    }

    fn run(&mut self, index: usize, payload: Payload, reset: bool, us: u64) {
        let Some(seen) = self.codecs.get_mut(index) else {
            return;
        };
        let (input, expected) = Self::payload(seen, payload);
        let is_busy = seen.job.is_some() || seen.has_rest;
        let mut time = Duration::ZERO;
        let result = self.compression.run(seen.id, &input, task(reset), || {
            time += Duration::from_micros(us);
            time
        });
        if is_busy {
            assert_eq!(result, Err(Failure::NotReady));
            return;
        }
        seen.expected = Some((expected, reset));
        match result {
            Ok(Some(bytes)) => Self::check(seen, bytes),
            Ok(None) => seen.has_rest = true,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    fn start(&mut self, index: usize, payload: Payload, reset: bool) {
        let Some(seen) = self.codecs.get_mut(index) else {
            return;
        };
        let (input, expected) = Self::payload(seen, payload);
        let is_busy = seen.job.is_some() || seen.has_rest;
        let job = self.compression.start(seen.id, input, task(reset));
        if is_busy {
            assert_eq!(job.err(), Some(Failure::NotReady));
            return;
        }
        seen.expected = Some((expected, reset));
        self.started(index, job.unwrap());
    }

    fn start_rest(&mut self, index: usize) {
        let Some(seen) = self.codecs.get_mut(index) else {
            return;
        };
        let job = self.compression.start_rest(seen.id);
        if !seen.has_rest {
            assert_eq!(job.err(), Some(Failure::NotReady));
            return;
        }
        seen.has_rest = false;
        self.started(index, job.unwrap());
    }

    fn started(&mut self, index: usize, job: Job) {
        assert_eq!(self.started.insert(job.number(), true), None);
        self.codecs[index].job = Some(job.number());
        self.jobs.push(job);
    }

    /// A message for many, to one whose own compressor is idle.
    fn see(&mut self, index: usize, payload: Payload) {
        let Some(seen) = self.codecs.get_mut(index) else {
            return;
        };
        let Some(peer) = &mut seen.peer else {
            return;
        };
        if seen.job.is_some() || seen.has_rest {
            return;
        }
        let plain = bytes(seen.id, payload);
        let (mut compressed, mut inflated) = (Vec::new(), Vec::new());
        ws_rs_protocol::Deflater::new(DeflateOptions::default())
            .compress(&plain, true, &mut compressed)
            .unwrap();
        peer.decompress(&compressed, true, None, &mut inflated)
            .unwrap();
        assert!(inflated == plain);
        let end = Arc::from(&plain[plain.len().saturating_sub(4096)..]);
        self.compression.see(seen.id, &end);
    }

    fn free(&mut self, index: usize) {
        if index >= self.codecs.len() {
            return;
        }
        let seen = self.codecs.remove(index);
        self.compression.free(seen.id);
        if let Some(job) = seen.job {
            self.started.insert(job, false);
        }
    }

    fn take(&mut self) {
        for finished in self.compression.take_finished() {
            let is_wanted = self
                .started
                .remove(&finished.job)
                .expect("a job of ours, once");
            assert_eq!(finished.result.is_some(), is_wanted);
            let failure = self.failed.remove(&finished.job);
            let Some(result) = finished.result else {
                continue;
            };
            let seen = self
                .codecs
                .iter_mut()
                .find(|seen| seen.job == Some(finished.job))
                .expect("whoever waits for it");
            seen.job = None;
            match (result, failure) {
                (Ok(bytes), None) => Self::check(seen, &bytes),
                (Err(seen_failure), Some(failure)) if seen_failure == failure => Self::fail(seen),
                (result, failure) => panic!("{result:?} instead of {failure:?}"),
            }
        }
    }

    fn job(&mut self, index: usize) -> Option<Job> {
        (index < self.jobs.len()).then(|| self.jobs.swap_remove(index))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::CreateDeflater(has_dictionary) => self.create_deflater(has_dictionary),
            Step::CreateInflater => self.create_inflater(),
            Step::See(index, payload) => self.see(index, payload),
            Step::Run(index, payload, reset, us) => self.run(index, payload, reset, us),
            Step::Start(index, payload, reset) => self.start(index, payload, reset),
            Step::StartRest(index) => self.start_rest(index),
            Step::EndContext(index) => {
                if let Some(seen) = self.codecs.get_mut(index)
                    // The peer ends an inflater's context.
                    && let Some(_) = &seen.peer
                {
                    let is_busy = seen.job.is_some() || seen.has_rest;
                    assert_eq!(self.compression.end_context(seen.id), !is_busy);
                }
            }
            Step::Free(index) => self.free(index),
            Step::RunJob(index) => {
                if let Some(job) = self.job(index) {
                    job.run();
                }
            }
            Step::PanicJob(index) => {
                if let Some(job) = self.job(index) {
                    self.failed.insert(job.number(), Failure::Panicked);
                    // Without the message that `panic!` prints.
                    job.run_after(|| std::panic::resume_unwind(Box::new("a fault")));
                }
            }
            Step::DropJob(index) => {
                if let Some(job) = self.job(index) {
                    self.failed.insert(job.number(), Failure::Lost);
                }
            }
            Step::Take => self.take(),
        }
        assert_eq!(self.compression.running(), self.started.len());
    }

    /// Ends everything and looks whether anything is left.
    fn end(mut self) {
        for job in std::mem::take(&mut self.jobs) {
            job.run();
        }
        self.take();
        assert!(self.started.is_empty(), "every job had its result");
        assert_eq!(self.compression.running(), 0);
        while !self.codecs.is_empty() {
            self.free(0);
        }
        assert_eq!(self.compression.kept(), 0);
        let meter = self.compression.pool.meter.clone();
        drop(self);
        assert_eq!(meter.take_change(), 0, "all memory was given back");
    }
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
