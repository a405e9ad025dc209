//! One connection in echo mode.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use anyhow::{Result, bail, ensure};

use crate::deflate::Inflater;
use crate::echo::{Scratch, Tally};
use crate::frame::{CLOSE, Header, Piece, Reader};
use crate::message::Message;
use crate::options::Load;
use crate::stream::Stream;

/// One message in this many has its content compared.
const SAMPLE: u32 = 64;

/// From this many payload bytes on they are discarded in the kernel, unless they are to be compared.
const DISCARD_FROM: u64 = 4096;

pub(crate) struct Connection {
    pub(crate) stream: Stream,
    reader: Reader,
    /// The frame of the answer being read.
    header: Header,
    /// As many copies of the frame as there are messages in flight.
    burst: Vec<u8>,
    frame_length: usize,
    /// Bytes to be sent that the kernel has not taken, and where in a frame they begin.
    unsent: usize,
    phase: usize,
    /// When each message in flight was sent.
    sent_at: VecDeque<u64>,
    /// Messages until the next whose content is compared; 0 means the one being read.
    until_check: u32,
    inflation: Option<Inflation>,
}

/// On the one connection whose compressed answers are inflated.
struct Inflation {
    inflater: Inflater,
    payload: Vec<u8>,
}

impl Connection {
    /// Takes over an open, non-blocking stream; `index` is the connection's number in this run.
    pub(crate) fn new(index: usize, stream: Stream, load: &Load, message: &Message) -> Self {
        let frame = message.frame(index);
        let inflater = load.deflate.filter(|_| index == 0).map(Inflater::new);
        Self {
            stream,
            reader: Reader::default(),
            header: Header::default(),
            burst: frame.repeat(load.in_flight),
            frame_length: frame.len(),
            unsent: 0,
            phase: 0,
            sent_at: VecDeque::with_capacity(load.in_flight),
            until_check: index as u32 % SAMPLE,
            inflation: inflater.map(|inflater| Inflation {
                inflater,
                payload: Vec::new(),
            }),
        }
    }

    /// Sends the message `count` times.
    pub(crate) fn send(&mut self, count: usize, now: u64) -> Result<()> {
        self.sent_at.extend(std::iter::repeat_n(now, count));
        self.unsent += count * self.frame_length;
        self.flush()
    }

    /// When the oldest message in flight was sent; it is in flight no more.
    pub(crate) fn sent_at(&mut self) -> u64 {
        self.sent_at
            .pop_front()
            .expect("an answer was counted, so a message was in flight")
    }

    /// Messages whose answers have not come.
    pub(crate) fn under_way(&self) -> usize {
        self.sent_at.len()
    }

    /// Sends what waits, as far as the kernel takes it.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if !self.stream.flush_session()? {
            return Ok(());
        }
        while self.unsent > 0 {
            match self
                .stream
                .write(&self.burst[self.phase..self.phase + self.unsent])
            {
                Ok(count) => {
                    self.unsent -= count;
                    self.phase = (self.phase + count) % self.frame_length;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads all there is, counting answers.
    pub(crate) fn receive(
        &mut self,
        message: &Message,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<()> {
        loop {
            let unread = self.reader.left();
            let unwanted =
                unread >= DISCARD_FROM && self.until_check > 0 && self.inflation.is_none();
            let empty = if unwanted && self.stream.can_discard() {
                self.discard(unread, &mut scratch.sink, tally)?
            } else {
                self.read(message, &mut scratch.input, tally)?
            };
            if empty {
                return Ok(());
            }
        }
    }

    /// Drops payload bytes uncopied; true when the kernel has no more for now.
    fn discard(&mut self, unread: u64, sink: &mut [u8], tally: &mut Tally) -> Result<bool> {
        let room = sink.len().min(unread as usize);
        let Some(count) = received(self.stream.discard(&mut sink[..room]))? else {
            return Ok(true);
        };
        if self.reader.skip(count as u64) {
            self.complete(tally);
        }
        Ok(count < room)
    }

    /// Reads and parses one bufferful; true when the kernel has no more for now.
    fn read(&mut self, message: &Message, buffer: &mut [u8], tally: &mut Tally) -> Result<bool> {
        let Some(count) = received(self.stream.read(buffer))? else {
            return Ok(true);
        };
        let mut input = &buffer[..count];
        while let Some(piece) = self.reader.next(&mut input)? {
            match piece {
                Piece::Start(header) => self.start(header, message, tally)?,
                Piece::Payload {
                    offset,
                    bytes,
                    last,
                } => self.payload(offset, bytes, last, message, tally)?,
            }
        }
        Ok(count < buffer.len() && self.stream.short_read_means_empty())
    }

    fn start(&mut self, header: Header, message: &Message, tally: &mut Tally) -> Result<()> {
        self.header = header;
        if header.opcode >= CLOSE {
            ensure!(header.opcode != CLOSE, "the server sent a close frame");
            return Ok(());
        }
        ensure!(
            header.opcode == message.opcode,
            "sent opcode {}, got {} back",
            message.opcode,
            header.opcode
        );
        ensure!(
            !header.compressed || message.deflates(),
            "RSV1 is set, but permessage-deflate was not negotiated"
        );
        let (sent, got) = (message.payload.len() as u64, header.length);
        ensure!(
            header.compressed || got == sent,
            "sent {sent} bytes, got {got} back"
        );
        if header.length == 0 {
            self.complete(tally);
        }
        Ok(())
    }

    fn payload(
        &mut self,
        offset: u64,
        bytes: &[u8],
        last: bool,
        message: &Message,
        tally: &mut Tally,
    ) -> Result<()> {
        if self.header.opcode >= CLOSE {
            return Ok(());
        }
        if let Some(inflation) = self.inflation.as_mut().filter(|_| self.header.compressed) {
            inflation.payload.extend(bytes);
            if last {
                inflation.check(message)?;
                tally.checked += 1;
            }
        } else if self.until_check == 0 && !self.header.compressed {
            let offset = offset as usize;
            ensure!(
                bytes == &message.payload[offset..offset + bytes.len()],
                "an answer differs from what was sent"
            );
            tally.checked += u64::from(last);
        }
        if last {
            self.complete(tally);
        }
        Ok(())
    }

    fn complete(&mut self, tally: &mut Tally) {
        tally.messages += 1;
        self.until_check = self.until_check.checked_sub(1).unwrap_or(SAMPLE - 1);
    }
}

impl Inflation {
    fn check(&mut self, message: &Message) -> Result<()> {
        let answer = self
            .inflater
            .inflate(&mut self.payload, message.payload.len())?;
        ensure!(
            answer == message.payload,
            "an inflated answer differs from what was sent"
        );
        self.payload.clear();
        Ok(())
    }
}

/// How many bytes came; `None` if none are there yet.
fn received(outcome: io::Result<usize>) -> Result<Option<usize>> {
    match outcome {
        Ok(0) => bail!("the server closed a connection"),
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error.into()),
    }
}
