//! Idle connections whose peers are pinged: a client that answers, and a server that does nothing else, with no more
//! than the system calls that it takes.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::cpu::Window;
use crate::hold;
use crate::options::Target;
use crate::stream::{Connector, Stream};

const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Of a client's header.
const MASKED: u8 = 0x80;
/// How often in an interval the server sends pings, each time on as many connections.
const MOMENTS: usize = 16;

/// Holds `connections` and answers pings; reports what one cost the server once `warm_up` is over.
pub(crate) fn answer(
    target: &Target,
    connections: usize,
    (warm_up, seconds): (Duration, Duration),
) -> Result<Value> {
    let connector = Connector::new(target)?;
    let mut held = hold::open_all(&connector, connections, None)?;
    let mut poll = watch_all(&held)?;
    answer_for(&mut poll, &mut held, warm_up)?;
    let window = Window::start(target.pid);
    let pings = answer_for(&mut poll, &mut held, seconds)?;
    Ok(json!({
        "mode": "answer",
        "connections": connections,
        "seconds": seconds.as_secs_f64(),
        "pings": pings,
        "cpu_us": window.per_item(pings),
    }))
}

fn watch_all(streams: &[Stream]) -> Result<Poll> {
    let poll = Poll::new()?;
    for (index, stream) in streams.iter().enumerate() {
        stream.set_nonblocking()?;
        let fd = stream.socket().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), Token(index), Interest::READABLE)?;
    }
    Ok(poll)
}

/// Answers pings for a time; returns how many.
fn answer_for(poll: &mut Poll, streams: &mut [Stream], time: Duration) -> Result<u64> {
    let end = Instant::now() + time;
    let mut events = Events::with_capacity(1024);
    let mut pings = 0;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(pings);
        }
        poll.poll(&mut events, Some(left))?;
        for event in &events {
            let stream = &mut streams[event.token().0];
            let mut room = [0; 256];
            let Some(mut frames) = read(stream, &mut room)? else {
                continue;
            };
            while let [PING, len, rest @ ..] = frames {
                let (payload, rest) = rest
                    .split_at_checked(usize::from(*len))
                    .context("half a ping came")?;
                let mut pong = vec![PONG, MASKED | len, 0, 0, 0, 0];
                pong.extend_from_slice(payload);
                stream.write_all(&pong).context("answering a ping")?;
                pings += 1;
                frames = rest;
            }
            ensure!(frames.is_empty(), "something else than a ping came");
        }
    }
}

/// What has come, if anything has.
fn read<'a>(stream: &mut impl Read, room: &'a mut [u8]) -> Result<Option<&'a [u8]>> {
    match stream.read(room) {
        Ok(0) => anyhow::bail!("the other end hung up"),
        Ok(len) => Ok(Some(&room[..len])),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error).context("reading"),
    }
}

/// Says on standard output where it listens, accepts `connections`, and pings each once in an `interval`, until it is
/// ended.
pub(crate) fn serve(connections: usize, interval: Duration) -> Result<Value> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", json!({ "port": listener.local_addr()?.port() }));
    let mut streams = Vec::with_capacity(connections);
    while streams.len() < connections {
        let (mut socket, _) = listener.accept()?;
        upgrade(&mut socket)?;
        socket.set_nodelay(true)?;
        streams.push(Stream::Plain(socket));
    }
    let mut poll = watch_all(&streams)?;
    let mut events = Events::with_capacity(1024);
    let mut next = Instant::now();
    let mut room = [0; 256];
    for moment in (0..MOMENTS).cycle() {
        for stream in streams.iter_mut().skip(moment).step_by(MOMENTS) {
            stream.write_all(&[PING, 6, 1, 2, 3, 4, 5, 6])?;
        }
        next += interval / MOMENTS as u32;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            poll.poll(&mut events, Some(left))?;
            for event in &events {
                let pong = read(&mut streams[event.token().0], &mut room)?;
                ensure!(pong.is_none_or(|bytes| bytes[0] == PONG), "no pong came");
            }
        }
    }
    unreachable!("it is ended from outside")
}

fn upgrade(socket: &mut std::net::TcpStream) -> Result<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut room = [0; 1024];
        let len = socket.read(&mut room)?;
        ensure!(len > 0, "a client hung up");
        head.push_str(std::str::from_utf8(&room[..len])?);
    }
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .context("no key came")?;
    let accept = derive_accept_key(key.as_bytes());
    write!(
        socket,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    Ok(())
}
