//! Echo mode: a fixed number of messages in flight on each connection, each answer sent again at once.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::cpu::Window;
use crate::message::Message;
use crate::options::{Limit, Load, Target};
use crate::steps;
use crate::stream::{Connector, Stream};
use crate::upgrade::Upgrade;

/// Runs the load and reports on the measured window.
pub(crate) fn run(target: &Target, load: &Load) -> Result<Value> {
    let message = Message::new(load)?;
    let mut drive = Drive::open(target, load, &message)?;
    drive.begin(load.in_flight)?;
    drive
        .turn(Limit::Time(load.warm_up))
        .context("during the warm-up")?;
    drive.tally = Tally::new()?;
    let window = Window::start(target.pid);
    let started = Instant::now();
    drive.turn(load.limit)?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = window.per_item(drive.tally.messages);
    drive.report("echo", load, seconds, cpu)
}

/// Runs the load in slices. After the warm-up and after each slice it prints a line and waits for one on standard
/// input; when there is none to come it reports on all slices.
///
/// A slice begins and ends with nothing in flight: while it waits, so does the server. The CPU time is all that the
/// server has taken since the warm-up, also for what it put off until it had nothing else to do.
pub(crate) fn run_slices(target: &Target, load: &Load) -> Result<Value> {
    let message = Message::new(load)?;
    let mut drive = Drive::open(target, load, &message)?;
    drive.begin(load.in_flight)?;
    drive
        .turn(Limit::Time(load.warm_up))
        .and_then(|()| drive.drain())
        .context("during the warm-up")?;
    drive.tally = Tally::new()?;
    let window = Window::start(target.pid);
    let mut seconds = 0.0;
    let mut go_on = steps::pause(&json!({ "event": "warm" }))?;
    while go_on {
        let started = Instant::now();
        drive.begin(load.in_flight)?;
        drive.turn(match load.limit {
            Limit::Messages(count) => Limit::Messages(drive.tally.messages + count),
            time => time,
        })?;
        drive.drain()?;
        seconds += started.elapsed().as_secs_f64();
        go_on = steps::pause(&json!({ "event": "slice" }))?;
    }
    let cpu = window.per_item(drive.tally.messages);
    drive.report("slices", load, seconds, cpu)
}

/// What is learnt from answers.
pub(crate) struct Tally {
    pub(crate) messages: u64,
    /// Messages whose content was compared with what was sent.
    pub(crate) checked: u64,
    /// Nanoseconds from the `send` that carried a message to the read that completed its answer.
    pub(crate) latency: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            messages: 0,
            checked: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
        })
    }
}

/// Buffers that all connections share, for one is read at a time.
pub(crate) struct Scratch {
    pub(crate) input: Box<[u8]>,
    /// Named in calls that discard data; never written to, so never resident.
    pub(crate) sink: Box<[u8]>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            input: vec![0; 128 << 10].into(),
            sink: vec![0; 4 << 20].into(),
        }
    }
}

pub(crate) struct Drive<'a> {
    message: &'a Message,
    pub(crate) poll: Poll,
    pub(crate) connections: Vec<Connection>,
    scratch: Scratch,
    pub(crate) tally: Tally,
    clock: Instant,
    /// Messages sent whose answers have not come.
    pub(crate) in_flight: usize,
    /// Whether nothing more is sent.
    draining: bool,
}

impl<'a> Drive<'a> {
    pub(crate) fn open(target: &Target, load: &Load, message: &'a Message) -> Result<Self> {
        let poll = Poll::new()?;
        let connections = open(target, load, message)?;
        for (index, connection) in connections.iter().enumerate() {
            let fd = connection.stream.socket().as_raw_fd();
            let interests = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut SourceFd(&fd), Token(index), interests)?;
        }
        Ok(Self {
            message,
            poll,
            connections,
            scratch: Scratch::new(),
            tally: Tally::new()?,
            clock: Instant::now(),
            in_flight: 0,
            draining: false,
        })
    }

    /// Sends the first messages.
    fn begin(&mut self, in_flight: usize) -> Result<()> {
        let now = self.now();
        self.draining = false;
        for connection in &mut self.connections {
            connection.send(in_flight, now)?;
            self.in_flight += in_flight;
        }
        Ok(())
    }

    /// From now on answers lead to no more messages.
    pub(crate) const fn send_no_more(&mut self) {
        self.draining = true;
    }

    /// Waits for the answers that are due, and sends nothing more.
    fn drain(&mut self) -> Result<()> {
        self.send_no_more();
        let due = self.tally.messages + self.in_flight as u64;
        self.turn(Limit::Messages(due))
    }

    /// Answers come in and messages go out until the limit is reached.
    fn turn(&mut self, limit: Limit) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut events = Events::with_capacity(1024);
        let started = Instant::now();
        loop {
            match limit {
                Limit::Time(time) if started.elapsed() >= time => return Ok(()),
                Limit::Messages(count) if self.tally.messages >= count => return Ok(()),
                _ => {}
            }
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            if events.is_empty() {
                bail!("the server has sent nothing for {} s", PATIENCE.as_secs());
            }
            for event in &events {
                self.handle(event.token().0, event)?;
            }
        }
    }

    /// Does what a connection is ready for.
    pub(crate) fn handle(&mut self, index: usize, event: &Event) -> Result<()> {
        if event.is_writable() {
            self.connections[index].flush()?;
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.receive(index)?;
        }
        Ok(())
    }

    fn receive(&mut self, index: usize) -> Result<()> {
        let connection = &mut self.connections[index];
        let before = self.tally.messages;
        connection.receive(self.message, &mut self.scratch, &mut self.tally)?;
        let answers = (self.tally.messages - before) as usize;
        if answers == 0 {
            return Ok(());
        }
        let now = self.clock.elapsed().as_nanos() as u64;
        for _ in 0..answers {
            self.tally.latency.record(now - connection.sent_at())?;
        }
        if self.draining {
            self.in_flight -= answers;
            return Ok(());
        }
        connection.send(answers, now)
    }

    /// Nanoseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// What is reported of a run: `cpu` and `seconds` are those of the messages counted.
    pub(crate) fn report(
        &self,
        mode: &str,
        load: &Load,
        seconds: f64,
        cpu: Value,
    ) -> Result<Value> {
        let tally = &self.tally;
        ensure!(
            tally.messages > 0,
            "no message was answered in the measured window"
        );
        let microseconds = |quantile| tally.latency.value_at_quantile(quantile) as f64 / 1000.0;
        Ok(json!({
            "mode": mode,
            "connections": load.connections,
            "size": load.size,
            "in_flight": load.in_flight,
            "text": load.text,
            "cipher_suite": self.connections[0].stream.cipher_suite(),
            "deflate": load.deflate.map(|offer| offer.header()),
            "messages": tally.messages,
            "content_checked": tally.checked,
            "seconds": seconds,
            "messages_per_second": tally.messages as f64 / seconds,
            "latency_us": { "p50": microseconds(0.5), "p99": microseconds(0.99),
                "p999": microseconds(0.999), "max": microseconds(1.0) },
            "cpu_us": cpu,
        }))
    }
}

fn open(target: &Target, load: &Load, message: &Message) -> Result<Vec<Connection>> {
    let connector = Connector::new(target)?;
    let open_one = |index: usize| {
        let mut stream: Stream = connector.connect()?;
        Upgrade::request(&mut stream, load.deflate)?.response(&mut stream)?;
        stream.set_nonblocking()?;
        Ok(Connection::new(index, stream, load, message))
    };
    (0..load.connections).map(open_one).collect()
}
