//! What a turn reads, and hands to whom it is for.

use std::os::fd::RawFd;

use ws_rs_engine::connection::Connection;
use ws_rs_engine::decoding::decode;
use ws_rs_engine::inbox::{MAX_READ, Mode, Next, SCRATCH, Target, asks_kernel, reads_past_scratch};
use ws_rs_engine::inflated::Inflated;
use ws_rs_engine::prefetch::prefetch;
use ws_rs_protocol::{self as protocol, Input, ProtocolError};
use ws_rs_wire::{Read, Stream, has_end_behind};

use super::super::super::buffer::{BufferStore, Scope};
use super::super::super::call::{Fault, Outcome};
use super::super::super::environment::Entry;
use super::super::super::lent_buffer::LentBuffer;
use super::super::super::pongs::Pongs;
use super::super::super::rows::{Rows, Stored};
use super::super::LoopSocket;
use super::super::listeners::Listener;
use super::Turn;
use crate::numbers::frame::TEXT;
use crate::numbers::source::NOWHERE;

impl Turn<'_> {
    /// Reads once.
    pub(super) fn read(&self) -> Outcome<Next> {
        self.fail_if_injected()?;
        let Some((mode, target)) =
            self.with_socket(|socket| (socket.inbox.mode(), socket.inbox.target()))
        else {
            return Ok(Next::Wait);
        };
        match mode {
            Mode::Leave => {
                self.with_socket(|socket| {
                    if let Some(reactor) = self.state.event_loop.reactor() {
                        socket.leave_unread(reactor);
                    }
                });
                Ok(Next::Wait)
            }
            Mode::Stream => self.read_for_stream(),
            Mode::Paused => self.read_undecoded(target, Listener::Paused, Stream::read),
            Mode::Queue if self.leaves_in_pipe() => Ok(Next::Wait),
            Mode::Queue => self.read_undecoded(target, Listener::Undecoded, Stream::read),
            Mode::Decode => match self.read_payload()? {
                Some(next) => Ok(next),
                None => self.read_chunk(target),
            },
        }
    }

    /// Gives a stream what one read gave, over TLS record by record.
    fn read_for_stream(&self) -> Outcome<Next> {
        // It may have met the end already in the turn that began to read it.
        if self.with_socket(|socket| socket.has_ended()) == Some(true) {
            return Ok(Next::Wait);
        }
        loop {
            let next = self.read_undecoded(
                Target::Scratch(SCRATCH),
                Listener::Undecoded,
                Stream::read_record,
            )?;
            let Some((has_record, may_have_more)) = self.with_socket(|socket| {
                let reads = socket.inbox.mode() == Mode::Stream;
                let stream = socket.stream();
                // Of an end JavaScript was told.
                let may_have_more = stream.may_have_more() && !stream.has_more();
                (reads && stream.has_record(), may_have_more)
            }) else {
                return Ok(next);
            };
            match next {
                Next::Again if has_record => {}
                // That a record is short says nothing.
                Next::Wait if may_have_more => return Ok(Next::Again),
                next => return Ok(next),
            }
        }
    }

    /// Whether what an I/O thread has inflated stays with it until the decoder is through: as much may
    /// be made of little that there is no knowing how much would wait here.
    fn leaves_in_pipe(&self) -> bool {
        match self.state.connections.borrow_mut().get_mut(self.id) {
            Some(Entry {
                socket: Some(socket),
                inflated,
                ..
            }) if inflated.is_on_thread() => {
                socket.inbox.leave();
                true
            }
            _ => false,
        }
    }

    pub(super) fn fail_if_injected(&self) -> Outcome<()> {
        let injected = &self.state.event_loop.injected;
        let Some((_, panics)) = injected.get().filter(|(id, _)| *id == self.id) else {
            return Ok(());
        };
        injected.set(None);
        assert!(!panics, "a test wants it so");
        Err(Fault::Message("a test wants it so"))
    }

    /// The rest of a long frame, straight to where its message is put together. `None`: there is none.
    fn read_payload(&self) -> Outcome<Option<Next>> {
        let (result, asked, count, stored) = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(Entry {
                connection,
                socket: Some(socket),
                inflated,
                ..
            }) = connections.get_mut(self.id)
            else {
                return Ok(Some(Next::Wait));
            };
            let missing = connection.protocol.missing_payload();
            if !reads_past_scratch(missing) || !connection.protocol.wants_payload() {
                return Ok(None);
            }
            let _scope = Scope::enter(self.env);
            let (fault, result, asked) = fill(&mut connection.protocol, socket.stream_mut());
            let mut came = 0;
            if let Read::Bytes(len) = result {
                came = inflated.came_as(len, || socket.take_growth());
                connection.bytes_read += came as u64;
            }
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            rows.begin(0, NOWHERE, self.id);
            match (fault, result) {
                (Some(error), _) => rows.push_error(error),
                (None, Read::Bytes(_)) if !connection.protocol.wants_payload() => {
                    let mut nothing = Input::resume(&mut [], 0);
                    self.decode(connection, (socket, inflated), &mut nothing, &mut rows);
                    if rows.ends_compressed() && has_end_behind(socket.descriptor()) {
                        rows.mark_end();
                    }
                }
                _ => {}
            }
            if let Read::Bytes(len) = result {
                rows.count_on(connection.meter.as_ref(), came);
                let hands_out = rows.count() > 0 && !inflated.is_on_thread();
                self.note_read(socket, (len, asked), hands_out);
            }
            (result, asked, rows.count(), rows.take_stored())
        };
        self.hand_out(Listener::Messages, count, stored)?;
        self.after(result, asked).map(Some)
    }

    /// Hands decoded events to JavaScript, if there are any.
    fn hand_out(&self, listener: Listener, count: usize, stored: Stored) -> Outcome<()> {
        if count == 0 {
            return Ok(());
        }
        stored.hand_over()?;
        match listener {
            Listener::Text | Listener::Binary => self.call_whole_listener(listener),
            _ => self.call_listener(listener, count as i32),
        }
    }

    /// Decodes what was read, as rows.
    fn decode(
        &self,
        connection: &mut Connection<BufferStore, LentBuffer>,
        (socket, inflated): (&LoopSocket, &mut Inflated),
        input: &mut Input<'_>,
        rows: &mut Rows<'_>,
    ) {
        let pongs = Pongs::of(&self.state.heartbeats, self.id, connection.heard());
        decode(
            &mut connection.protocol,
            input,
            rows,
            socket.inbox.is_single(),
            |payload| pongs.take(payload),
            || inflated.next_is_done(|number| socket.take_inflated(number)),
        );
    }

    /// Whatever comes, into the scratch or a `Buffer` of its own.
    fn read_chunk(&self, target: Target) -> Outcome<Next> {
        // SAFETY: the bytes are used no more when a listener runs JavaScript.
        let buffer = unsafe { self.memory(target) }?;
        let asked = buffer.bytes.len();
        let (result, listener, count, stored, ends_inflated) = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(Entry {
                connection,
                socket: Some(socket),
                inflated,
                ..
            }) = connections.get_mut(self.id)
            else {
                return Ok(Next::Wait);
            };
            let result = socket.stream_mut().read(buffer.bytes);
            let Read::Bytes(len) = result else {
                drop(connections);
                return self.after(result, 0);
            };
            let came = inflated.came_as(len, || socket.take_growth());
            connection.bytes_read += came as u64;
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            rows.begin(len, buffer.source, self.id);
            let _scope = Scope::enter(self.env);
            match connection.protocol.handle_bytes(&mut buffer.bytes[..len]) {
                Err(error) => rows.push_error(error),
                Ok(mut input) => {
                    self.decode(connection, (socket, inflated), &mut input, &mut rows);
                    rows.reached(input.position());
                }
            }
            rows.count_on(connection.meter.as_ref(), came);
            socket
                .inbox
                .decoded(len, connection.protocol.missing_payload(), rows.longest());
            let hands_out = rows.count() > 0 && !inflated.is_on_thread();
            let has_more = self.note_read(socket, (len, asked), hands_out);
            // What comes behind waits until the decoder is through with the one that is handed out.
            let alone = !socket.inbox.is_single() && !has_more;
            let listener = self.listener_for(&mut rows, len, alone, socket.descriptor());
            let stored = rows.take_stored();
            (result, listener, rows.count(), stored, rows.ends_inflated())
        };
        self.hand_out(listener, count, stored)?;
        let next = self.after(result, asked)?;
        Ok(if ends_inflated {
            next.in_another_turn()
        } else {
            next
        })
    }

    /// Who gets the events of a chunk of `len` bytes, which may be one message that nothing has to wait behind (`alone`).
    fn listener_for(&self, rows: &mut Rows<'_>, len: usize, alone: bool, fd: RawFd) -> Listener {
        match rows.only_message(len) {
            Some(TEXT) if alone => return Listener::Text,
            Some(_) if alone => return Listener::Binary,
            _ => {}
        }
        let has_end = || has_end_behind(fd);
        if self
            .reads
            .get()
            .has_end_behind(rows.ends_compressed(), has_end)
        {
            rows.mark_end();
        }
        Listener::Messages
    }

    /// A chunk for the queue behind the one that the decoder works on, or for Node to keep.
    fn read_undecoded(
        &self,
        target: Target,
        listener: Listener,
        read: fn(&mut Stream, &mut [u8]) -> Read,
    ) -> Outcome<Next> {
        // SAFETY: the bytes are used no more when a listener runs JavaScript.
        let buffer = unsafe { self.memory(target) }?;
        let asked = buffer.bytes.len();
        let Some(result) = self.with_socket(|socket| read(socket.stream_mut(), buffer.bytes))
        else {
            return Ok(Next::Wait);
        };
        if let Read::Bytes(len) = result {
            if let Some(Entry {
                connection,
                socket: Some(socket),
                inflated,
                ..
            }) = self.state.connections.borrow_mut().get_mut(self.id)
            {
                let came = inflated.came_undecoded_as(len, || socket.take_growth());
                connection.bytes_read += came as u64;
                self.note_read(socket, (len, asked), false);
            }
            self.begin_rows(len, buffer.source)?;
            let is_last = matches!(listener, Listener::Paused) && self.reads.get().met_last();
            self.call_listener(listener, if is_last { -(len as i32) } else { len as i32 })?;
        }
        self.after(result, asked)
    }

    fn note_read(
        &self,
        socket: &mut LoopSocket,
        (len, asked): (usize, usize),
        hands_out: bool,
    ) -> bool {
        let has_end = || has_end_behind(socket.descriptor());
        self.update(|reads| reads.was_read(&socket.inbox, len, socket.is_tls(), has_end));
        socket.note_read((&self.state.event_loop, self.id), (len, asked), hands_out)
    }

    /// What the result of a read asks for, and tells JavaScript of an end or error.
    fn after(&self, result: Read, asked: usize) -> Outcome<Next> {
        let reads = self.reads.get();
        match self.as_end(result) {
            Read::Bytes(len) => Ok(self
                .with_socket(|socket| {
                    let is_encrypted = socket.tls().is_some();
                    let has_more = socket.stream().has_more();
                    reads.after(&socket.inbox, (len, asked), is_encrypted, has_more)
                })
                .unwrap_or(Next::Wait)),
            Read::Empty => {
                self.with_socket(|socket| socket.inbox.was_empty());
                Ok(Next::Wait)
            }
            Read::End => self.announce_end(Listener::End, 0),
            Read::Failed(error) => self.announce_end(Listener::Error, error),
            Read::Dead => self.announce_end(Listener::Dead, 0),
            Read::Broken => Err(Fault::Message("its I/O thread panicked")),
        }
    }

    /// What a failure is for libuv.
    fn as_end(&self, result: Read) -> Read {
        if !matches!(result, Read::Failed(_)) {
            return result;
        }
        let reads = self.reads.get();
        self.with_socket(|socket| {
            let stream = socket.stream();
            stream.as_end(result, reads.met_last(), reads.hangs_up())
        })
        .unwrap_or(result)
    }
}

/// Reads once to where a message is put together. Returns what is wrong with that message, what the read came to, and for
/// how many bytes it had room.
fn fill(
    protocol: &mut protocol::Connection<BufferStore>,
    stream: &mut Stream,
) -> (Option<ProtocolError>, Read, usize) {
    let missing = protocol.missing_payload();
    let ready = if asks_kernel(missing) {
        stream.waiting()
    } else {
        missing as usize
    };
    let (mut result, mut asked) = (Read::Empty, 0);
    let filled = protocol.fill_payload(ready, &mut |room| {
        asked = room.len().min(MAX_READ);
        let room = &mut room[..asked];
        prefetch(room.as_ptr(), asked);
        result = stream.read(room);
        match result {
            Read::Bytes(len) => len,
            _ => 0,
        }
    });
    (filled.err(), result, asked)
}
