//! Echo mode: a fixed number of messages in flight on each connection, each answer sent again at once.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::cpu::Window;
use crate::message::Message;
use crate::options::{Limit, Load, Target};
use crate::stream::{Connector, Stream};
use crate::upgrade::Upgrade;

/// Runs the load and reports on the measured window.
pub(crate) fn run(target: &Target, load: &Load) -> Result<Value> {
    let message = Message::new(load)?;
    let mut poll = Poll::new()?;
    let mut connections = open(target, load, &message)?;
    for (index, connection) in connections.iter().enumerate() {
        let fd = connection.stream.socket().as_raw_fd();
        let interests = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut SourceFd(&fd), Token(index), interests)?;
    }
    let cipher_suite = connections[0].stream.cipher_suite();

    let mut drive = Drive {
        message: &message,
        scratch: Scratch::new(),
        tally: Tally::new()?,
        clock: Instant::now(),
    };
    for connection in &mut connections {
        connection.send(load.in_flight, drive.now())?;
    }
    drive
        .turn(&mut poll, &mut connections, Limit::Time(load.warm_up))
        .context("during the warm-up")?;
    drive.tally = Tally::new()?;
    let window = Window::start(target.pid);
    let started = Instant::now();
    drive.turn(&mut poll, &mut connections, load.limit)?;
    let seconds = started.elapsed().as_secs_f64();
    let tally = drive.tally;
    let cpu = window.per_item(tally.messages);
    ensure!(
        tally.messages > 0,
        "no message was answered in the measured window"
    );

    let microseconds = |quantile| tally.latency.value_at_quantile(quantile) as f64 / 1000.0;
    Ok(json!({
        "mode": "echo",
        "connections": load.connections,
        "size": load.size,
        "in_flight": load.in_flight,
        "text": load.text,
        "cipher_suite": cipher_suite,
        "deflate": load.deflate.map(|offer| offer.header()),
        "messages": tally.messages,
        "content_checked": tally.checked,
        "seconds": seconds,
        "messages_per_second": tally.messages as f64 / seconds,
        "latency_us": { "p50": microseconds(0.5), "p99": microseconds(0.99), "max": microseconds(1.0) },
        "cpu_us": cpu,
    }))
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
    fn new() -> Result<Self> {
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

struct Drive<'a> {
    message: &'a Message,
    scratch: Scratch,
    tally: Tally,
    clock: Instant,
}

impl Drive<'_> {
    /// Answers come in and messages go out until the limit is reached.
    fn turn(
        &mut self,
        poll: &mut Poll,
        connections: &mut [Connection],
        limit: Limit,
    ) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut events = Events::with_capacity(1024);
        let started = Instant::now();
        loop {
            match limit {
                Limit::Time(time) if started.elapsed() >= time => return Ok(()),
                Limit::Messages(count) if self.tally.messages >= count => return Ok(()),
                _ => {}
            }
            match poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            if events.is_empty() {
                bail!("the server has sent nothing for {} s", PATIENCE.as_secs());
            }
            for event in &events {
                let connection = &mut connections[event.token().0];
                if event.is_writable() {
                    connection.flush()?;
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.receive(connection)?;
                }
            }
        }
    }

    fn receive(&mut self, connection: &mut Connection) -> Result<()> {
        let before = self.tally.messages;
        connection.receive(self.message, &mut self.scratch, &mut self.tally)?;
        let answers = (self.tally.messages - before) as usize;
        if answers > 0 {
            let now = self.now();
            for _ in 0..answers {
                self.tally.latency.record(now - connection.sent_at())?;
            }
            connection.send(answers, now)?;
        }
        Ok(())
    }

    /// Nanoseconds since the run began.
    fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
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
