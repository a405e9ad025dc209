//! What has come of a frame or a message that is not whole.

use std::ops::Range;

use crate::assembly::Assembly;
use crate::event::{Input, Payload};
use crate::header::{Header, HeaderReader};
use crate::store::PayloadStore;

/// What there is to be kept until the rest comes.
#[derive(Debug)]
pub(super) struct Unfinished<S> {
    pub(super) header: HeaderReader,
    pub(super) held_chunks: u32,
    pub(super) message: Assembly<S>,
    pub(super) frame: Header,
    /// Payload bytes of the current frame that came in earlier chunks.
    pub(super) arrived: u64,
    /// The bytes of a control or compressed frame that came in several chunks.
    pub(super) frame_store: Option<S>,
}

impl<S> Default for Unfinished<S> {
    fn default() -> Self {
        Self {
            header: HeaderReader::default(),
            held_chunks: 0,
            message: Assembly::default(),
            frame: Header::default(),
            arrived: 0,
            frame_store: None,
        }
    }
}

impl<S: PayloadStore> Unfinished<S> {
    /// Whether the current frame's bytes go straight to the message.
    pub(super) const fn feeds_message(&self) -> bool {
        !self.frame.is_control() && !self.message.compressed
    }

    /// Whether the current frame, whose header is there, has a payload to be read to where it belongs.
    pub(super) const fn wants_payload(&self) -> bool {
        self.feeds_message()
            && self.message.is_stored()
            && self.arrived > 0
            && self.arrived < self.frame.len
    }

    /// The payload of a control or compressed frame that is whole.
    pub(super) fn take_frame(
        &mut self,
        in_chunk: Option<Range<usize>>,
        input: &Input<'_>,
    ) -> Payload<S> {
        match (in_chunk, self.frame_store.take()) {
            (Some(range), _) => Payload::Input(range),
            (None, Some(store)) => Payload::Stored(store),
            (None, None) => Payload::Input(input.position..input.position),
        }
    }

    /// Whether there is anything in it between two frames, if only the ends of the last message's fragments,
    /// which may yet be asked for.
    pub(super) const fn is_needed(&self) -> bool {
        self.is_in_message() || self.message.has_ends()
    }

    /// Whether a message is open, or the first part of a header has come.
    pub(super) const fn is_in_message(&self) -> bool {
        self.message.open || self.header.len() > 0
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Role};
    use crate::connection::Connection;
    use crate::event::Event;

    const COMPRESSED: Config = Config {
        max_payload: 0,
        max_fragments: 0,
        max_buffered_chunks: 0,
        compression: true,
        skip_utf8_validation: false,
    };

    /// Feeds a chunk, and inflates what is compressed to itself; how many events there were.
    fn feed(connection: &mut Connection, bytes: &[u8]) -> usize {
        let mut bytes = bytes.to_vec();
        let mut input = connection.handle_bytes(&mut bytes).unwrap();
        let mut events = 0;
        while let Some(event) = connection.poll_event(&mut input).unwrap() {
            events += 1;
            if let Event::Compressed(frame) = event {
                assert!(connection.unfinished.is_some());
                let payload = input.payload(&frame.payload).to_vec();
                connection.handle_inflated(&payload).unwrap();
            }
        }
        events
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let frames: [&[u8]; 5] = [
            b"\x81\x02hi",
            b"\x82\x00",
            b"\x89\x03abc",
            b"\x8a\x00",
            b"\xc1\x02hi",
        ];
        for frame in frames {
            let mut connection = Connection::new(Role::Client, COMPRESSED);
            assert_eq!(feed(&mut connection, frame), 1);
            assert!(connection.unfinished.is_none(), "{frame:x?}");
            for cut in 1..frame.len() {
                assert_eq!(feed(&mut connection, &frame[..cut]), 0);
                assert!(connection.unfinished.is_some(), "{frame:x?} cut at {cut}");
                assert_eq!(feed(&mut connection, &frame[cut..]), 1);
                assert!(connection.unfinished.is_none(), "{frame:x?} cut at {cut}");
                assert_eq!(connection.held_bytes(), 0);
            }
        }
    }

    #[test]
    fn an_open_message_is_kept_until_its_fragments_are_known_to_be_asked_for_no_more() {
        let mut connection = Connection::new(Role::Client, COMPRESSED);
        assert_eq!(feed(&mut connection, b"\x01\x02he\x89\x00"), 1);
        assert_eq!((connection.open_frames(), connection.message_len()), (1, 2));
        assert_eq!(feed(&mut connection, b"\x80\x01y"), 1);
        assert_eq!(connection.fragment_ends(), [2, 3]);
        assert_eq!(connection.message_len(), 0);
        assert_eq!(feed(&mut connection, b"\x81\x02hi"), 1);
        assert!(connection.fragment_ends().is_empty());
        assert!(connection.unfinished.is_none());
    }

    #[test]
    fn nothing_is_kept_of_a_connection_that_has_failed() {
        let mut connection = Connection::<Vec<u8>>::new(Role::Client, COMPRESSED);
        let mut bytes = *b"\x01\x02he\x01\x01y";
        let mut input = connection.handle_bytes(&mut bytes).unwrap();
        assert!(connection.poll_event(&mut input).is_err());
        assert!(connection.is_done());
        assert!(connection.unfinished.is_none());
        assert_eq!(feed(&mut connection, b"\x81\x02hi"), 0);
    }

    #[test]
    fn a_connection_on_which_nothing_happens_takes_five_words() {
        assert!(size_of::<Connection>() <= 5 * size_of::<u64>());
    }
}
