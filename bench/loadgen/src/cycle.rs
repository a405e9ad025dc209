//! Cycles: connections are opened, exchange messages, rest and are closed; between these steps somebody outside looks
//! at the server's memory.

use std::io::{Read, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::frame::{self, CLOSE, Piece, Reader};
use crate::hold;
use crate::message::Message;
use crate::options::{Load, Target};
use crate::steps;
use crate::stream::{Connector, Stream};

/// Goes through `cycles` cycles with `messages` messages each way on each connection. After each step it prints the
/// step's name and waits for a line on standard input.
pub(crate) fn run(target: &Target, load: &Load, cycles: usize, messages: u64) -> Result<Value> {
    let message = Message::new(load)?;
    let connector = Connector::new(target)?;
    let started = Instant::now();
    for _ in 0..cycles {
        let mut connections = Vec::with_capacity(load.connections);
        for stream in hold::open_all(&connector, load.connections, load.deflate)? {
            let frame = message.frame(connections.len());
            connections.push((stream, Reader::default(), frame));
        }
        step("open")?;
        for _ in 0..messages {
            for (stream, _, frame) in &mut connections {
                stream.write_all(frame).context("sending a message")?;
            }
            for (stream, reader, _) in &mut connections {
                answer(stream, reader)?;
            }
        }
        step("used")?;
        hold::close(connections.into_iter().map(|(stream, ..)| stream).collect())?;
        step("closed")?;
    }
    Ok(json!({
        "mode": "cycles",
        "connections": load.connections,
        "cycles": cycles,
        "messages": messages,
        "seconds": started.elapsed().as_secs_f64(),
    }))
}

fn step(name: &str) -> Result<()> {
    steps::pause(&json!({ "event": name })).map(drop)
}

/// Reads one answer; what is in it was compared in echo mode.
fn answer(stream: &mut Stream, reader: &mut Reader) -> Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).context("waiting for an answer")?;
        ensure!(count > 0, "the server closed a connection");
        let mut input = &buffer[..count];
        while let Some(piece) = reader.next(&mut input)? {
            match piece {
                Piece::Start(frame::Header { opcode, length, .. }) => {
                    ensure!(opcode != CLOSE, "the server sent a close frame");
                    ensure!(length > 0, "the server sent an empty answer");
                }
                Piece::Payload { last: true, .. } => return Ok(()),
                Piece::Payload { .. } => {}
            }
        }
    }
}
