//! Fan-out mode: a message on one connection is sent to all by the server, once or several times; the next goes out
//! when all of them have come.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::cpu::Window;
use crate::deflate::Inflater;
use crate::frame::{CLOSE, Piece, Reader};
use crate::hold::open_all;
use crate::message::Message;
use crate::options::{Limit, Load, Target};
use crate::stream::{Connector, Stream};

/// Runs the load, whose `in_flight` is how often each message is sent to all, and reports on the measured window.
pub(crate) fn run(target: &Target, load: &Load) -> Result<Value> {
    let message = Message::new(load)?;
    let mut drive = Drive::open(target, load, &message)?;
    drive
        .turn(Limit::Time(load.warm_up))
        .context("during the warm-up")?;
    let before = drive.deliveries;
    let window = Window::start(target.pid);
    let started = Instant::now();
    drive.turn(load.limit)?;
    let seconds = started.elapsed().as_secs_f64();
    let deliveries = drive.deliveries - before;
    ensure!(deliveries > 0, "nothing was sent to all in the window");
    Ok(json!({
        "mode": "fan-out",
        "connections": load.connections,
        "size": load.size,
        "per_tick": load.in_flight,
        "deflate": load.deflate.map(|offer| offer.header()),
        "messages": deliveries,
        "seconds": seconds,
        "messages_per_second": deliveries as f64 / seconds,
        "cpu_us": window.per_item(deliveries),
    }))
}

struct Receiver {
    stream: Stream,
    reader: Reader,
    /// Messages that are yet to come.
    due: usize,
    /// On the first connection, the payload so far.
    payload: Option<Vec<u8>>,
}

struct Drive<'a> {
    message: &'a Message,
    poll: Poll,
    receivers: Vec<Receiver>,
    inflater: Option<Inflater>,
    input: Box<[u8]>,
    per_tick: usize,
    deliveries: u64,
}

impl<'a> Drive<'a> {
    fn open(target: &Target, load: &Load, message: &'a Message) -> Result<Self> {
        let poll = Poll::new()?;
        let connector = Connector::new(target)?;
        let streams = open_all(&connector, load.connections, load.deflate)?;
        let mut receivers = Vec::with_capacity(streams.len());
        for (index, stream) in streams.into_iter().enumerate() {
            stream.set_nonblocking()?;
            let fd = stream.socket().as_raw_fd();
            poll.registry()
                .register(&mut SourceFd(&fd), Token(index), Interest::READABLE)?;
            receivers.push(Receiver {
                stream,
                reader: Reader::default(),
                due: 0,
                payload: (index == 0).then(Vec::new),
            });
        }
        Ok(Self {
            message,
            poll,
            receivers,
            inflater: load.deflate.map(Inflater::new),
            input: vec![0; 128 << 10].into(),
            per_tick: load.in_flight,
            deliveries: 0,
        })
    }

    /// One message after the other, until the limit is reached.
    fn turn(&mut self, limit: Limit) -> Result<()> {
        let started = Instant::now();
        let before = self.deliveries;
        loop {
            match limit {
                Limit::Time(time) if started.elapsed() >= time => return Ok(()),
                Limit::Messages(count) if self.deliveries - before >= count => return Ok(()),
                _ => self.send_to_all()?,
            }
        }
    }

    fn send_to_all(&mut self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let mut due = self.per_tick * self.receivers.len();
        for receiver in &mut self.receivers {
            receiver.due = self.per_tick;
        }
        let frame = self.message.frame(0);
        self.receivers[0].stream.write_all(&frame)?;
        let mut events = Events::with_capacity(1024);
        while due > 0 {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            if events.is_empty() {
                bail!("{due} messages have not come for {} s", PATIENCE.as_secs());
            }
            for event in &events {
                due -= self.receive(event.token().0)?;
            }
        }
        Ok(())
    }

    /// Reads all there is; returns how many messages that were.
    fn receive(&mut self, index: usize) -> Result<usize> {
        let receiver = &mut self.receivers[index];
        let before = receiver.due;
        loop {
            let count = match receiver.stream.read(&mut self.input) {
                Ok(0) => bail!("the server hung up"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            let mut input = &self.input[..count];
            while let Some(piece) = receiver.reader.next(&mut input)? {
                let is_whole = match piece {
                    Piece::Start(header) => {
                        ensure!(header.opcode != CLOSE, "the server sent a close frame");
                        ensure!(
                            header.opcode == self.message.opcode,
                            "another type of message came than was sent"
                        );
                        ensure!(
                            header.compressed || header.length == self.message.payload.len() as u64,
                            "a message of another length came than was sent"
                        );
                        if receiver.payload.is_some() && header.compressed {
                            ensure!(
                                self.inflater.is_some(),
                                "RSV1 is set, without permessage-deflate"
                            );
                        }
                        header.length == 0
                    }
                    Piece::Payload { bytes, last, .. } => {
                        if let Some(payload) = &mut receiver.payload {
                            payload.extend_from_slice(bytes);
                        }
                        last
                    }
                };
                if is_whole {
                    receiver.due = receiver
                        .due
                        .checked_sub(1)
                        .context("a message came twice")?;
                    if let Some(payload) = &mut receiver.payload {
                        let expected = &self.message.payload;
                        let got = match &mut self.inflater {
                            // What is as long as the message was not compressed.
                            Some(inflater) if payload.len() != expected.len() => {
                                inflater.inflate(payload, expected.len())?
                            }
                            _ => &payload[..],
                        };
                        ensure!(got == &expected[..], "another message came than was sent");
                        payload.clear();
                    }
                }
            }
            if count < self.input.len() && receiver.stream.short_read_means_empty() {
                break;
            }
        }
        let came = before - receiver.due;
        self.deliveries += came as u64;
        Ok(came)
    }
}
