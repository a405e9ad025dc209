//! What the properties are about: codecs, their peers and jobs, and what has to come of each step.

use std::collections::HashMap;

use ws_rs_protocol::{DeflateOptions, Inflater};

use super::super::*;

/// What messages have in common with it.
const DICTIONARY: &[u8] = b"codec 0 sends 1;codec 1 sends 200;";

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
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
pub(super) struct Payload {
    pub(super) len: usize,
    pub(super) byte: u8,
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
pub(super) struct World {
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

pub(super) fn task(reset: bool) -> Task {
    Task::message(reset, usize::MAX)
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

    pub(super) fn step(&mut self, step: Step) {
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
    pub(super) fn end(mut self) {
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
