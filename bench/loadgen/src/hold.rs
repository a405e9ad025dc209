//! Connections without messages: what opening, holding and closing them costs.

use std::io::{Read, Write};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cpu::Window;
use crate::deflate::Offer;
use crate::frame;
use crate::options::Target;
use crate::steps;
use crate::stream::{Connector, Stream};
use crate::upgrade::Upgrade;

/// Handshakes under way at once while connections are opened to be held.
const AT_ONCE: usize = 16;

/// Opens `connections`, says so on standard output, and holds them until a line (or the end) comes on standard input.
pub(crate) fn idle(target: &Target, connections: usize) -> Result<Value> {
    let connector = Connector::new(target)?;
    let window = Window::start(target.pid);
    let started = Instant::now();
    let held = open_all(&connector, connections, None)?;
    let report = json!({
        "mode": "idle",
        "connections": connections,
        "seconds": started.elapsed().as_secs_f64(),
        "cpu_us": window.per_item(connections as u64),
    });
    steps::pause(&json!({ "event": "open", "connections": connections }))?;
    drop(held);
    Ok(report)
}

/// Opens connections to be held.
pub(crate) fn open_all(
    connector: &Connector<'_>,
    connections: usize,
    offer: Option<Offer>,
) -> Result<Vec<Stream>> {
    let mut held = Vec::with_capacity(connections);
    while held.len() < connections {
        let count = AT_ONCE.min(connections - held.len());
        held.extend(
            open(connector, count, offer)
                .with_context(|| format!("after {} connections", held.len()))?,
        );
    }
    Ok(held)
}

/// Opens and closes `connections`, `at_once` at a time, after a quarter as many that are not measured.
pub(crate) fn accept(target: &Target, connections: usize, at_once: usize) -> Result<Value> {
    let connector = Connector::new(target)?;
    open_and_close(&connector, connections.div_ceil(4), at_once)?;
    let window = Window::start(target.pid);
    let started = Instant::now();
    open_and_close(&connector, connections, at_once)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "mode": "accept",
        "connections": connections,
        "at_once": at_once,
        "seconds": seconds,
        "connections_per_second": connections as f64 / seconds,
        "cpu_us": window.per_item(connections as u64),
    }))
}

fn open_and_close(connector: &Connector<'_>, connections: usize, at_once: usize) -> Result<()> {
    let mut done = 0;
    while done < connections {
        let count = at_once.min(connections - done);
        close(open(connector, count, None)?)?;
        done += count;
    }
    Ok(())
}

/// Opens `count` connections side by side: all requests go out before the first response is read.
fn open(connector: &Connector<'_>, count: usize, offer: Option<Offer>) -> Result<Vec<Stream>> {
    let mut asked = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = connector.connect()?;
        let upgrade = Upgrade::request(&mut stream, offer)?;
        asked.push((stream, upgrade));
    }
    let open = asked
        .into_iter()
        .map(|(mut stream, upgrade)| upgrade.response(&mut stream).map(|()| stream));
    open.collect()
}

/// Closes connections with the closing handshake (RFC 6455, section 7), waiting for the server to hang up.
pub(crate) fn close(streams: Vec<Stream>) -> Result<()> {
    let mut streams = streams;
    let frame = frame::client_frame(
        frame::CLOSE,
        false,
        [0x5a, 0xa5, 0x3c, 0xc3],
        &1000_u16.to_be_bytes(),
    );
    for stream in &mut streams {
        stream
            .write_all(&frame)
            .context("sending the close frame")?;
    }
    for stream in &mut streams {
        let mut sink = [0; 64];
        while stream
            .read(&mut sink)
            .context("waiting for the server to close")?
            > 0
        {}
    }
    Ok(())
}
