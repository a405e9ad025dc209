//! What of a chunk the program is told of at once.

use ws_rs_protocol::{
    Close, CompressedFrame, Connection, Event, Inflated, Input, Message, Payload, PayloadStore,
    ProtocolError,
};

/// What takes the events, in their order.
pub trait Sink<S> {
    /// Whether there is no room for another one.
    fn is_full(&self) -> bool;

    /// A message.
    fn message(&mut self, message: &Message<S>);

    /// A message whose payload was inflated before it came here.
    fn inflated(&mut self, binary: bool, payload: &Payload<S>);

    /// A frame of a message that is to be inflated.
    fn compressed(&mut self, frame: &CompressedFrame<S>);

    /// A ping.
    fn ping(&mut self, payload: &Payload<S>);

    /// A pong, unless it answers a ping that the program knows nothing of.
    fn pong(&mut self, payload: &Payload<S>);

    /// A close frame.
    fn close(&mut self, close: &Close<S>);

    /// The peer broke the protocol.
    fn error(&mut self, error: ProtocolError);
}

/// Decodes until the chunk is used up or the batch ends. An error ends it, and any event but a message of one frame:
/// what the program asks about the connection then is about that event. So does every event if it `is_single`.
///
/// `is_ours` says whether a pong answers a ping that the program knows nothing of. `is_inflated` is asked for each
/// compressed message whether its payload is inflated already.
#[inline]
pub fn decode<S: PayloadStore>(
    connection: &mut Connection<S>,
    input: &mut Input<'_>,
    sink: &mut impl Sink<S>,
    is_single: bool,
    is_ours: impl Fn(&[u8]) -> bool,
    mut is_inflated: impl FnMut() -> bool,
) {
    while !sink.is_full() {
        match connection.poll_event(input) {
            Ok(None) => return,
            Ok(Some(Event::Message(message))) => {
                sink.message(&message);
                // Where its fragments end can be asked until the next one begins.
                if is_single || message.frames > 1 {
                    return;
                }
            }
            Ok(Some(Event::Pong(payload))) => {
                if !is_ours(input.payload(&payload)) {
                    return sink.pong(&payload);
                }
            }
            Ok(Some(Event::Ping(payload))) => return sink.ping(&payload),
            Ok(Some(Event::Close(close))) => return sink.close(&close),
            Ok(Some(Event::Compressed(frame))) => {
                if connection.open_frames() == 1 && is_inflated() {
                    return take_inflated(connection, input, sink, &frame);
                }
                return sink.compressed(&frame);
            }
            Err(error) => return sink.error(error),
        }
    }
}

fn take_inflated<S: PayloadStore>(
    connection: &mut Connection<S>,
    input: &Input<'_>,
    sink: &mut impl Sink<S>,
    frame: &CompressedFrame<S>,
) {
    match connection.handle_inflated(input.payload(&frame.payload)) {
        Ok(Inflated::Whole { binary }) => sink.inflated(binary, &frame.payload),
        // Only messages of one frame are inflated on the way.
        Ok(Inflated::Incomplete | Inflated::Assembled(_)) => {}
        Err(error) => sink.error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ws_rs_protocol::{Config, ErrorKind, Role};

    /// Keeps what it is told of in words.
    struct Told {
        events: Vec<String>,
        room: usize,
    }

    impl Told {
        fn add(&mut self, event: impl Into<String>) {
            self.events.push(event.into());
        }
    }

    impl Sink<Vec<u8>> for Told {
        fn is_full(&self) -> bool {
            self.events.len() >= self.room
        }

        fn message(&mut self, message: &Message<Vec<u8>>) {
            self.add(format!("message of {}", message.frames));
        }

        fn inflated(&mut self, binary: bool, _payload: &Payload<Vec<u8>>) {
            self.add(if binary {
                "inflated binary"
            } else {
                "inflated text"
            });
        }

        fn compressed(&mut self, _frame: &CompressedFrame<Vec<u8>>) {
            self.add("compressed");
        }

        fn ping(&mut self, _payload: &Payload<Vec<u8>>) {
            self.add("ping");
        }

        fn pong(&mut self, _payload: &Payload<Vec<u8>>) {
            self.add("pong");
        }

        fn close(&mut self, close: &Close<Vec<u8>>) {
            self.add(format!("close {}", close.code));
        }

        fn error(&mut self, error: ProtocolError) {
            self.add(format!("{:?}", error.kind));
        }
    }

    const MESSAGE: &[u8] = b"\x82\x01a";
    const FRAGMENTS: &[u8] = b"\x02\x01a\x80\x01b";
    const PING: &[u8] = b"\x89\x01p";
    const PONG: &[u8] = b"\x8a\x01p";
    const OUR_PONG: &[u8] = b"\x8a\x04ours";
    const CLOSE: &[u8] = b"\x88\x02\x03\xe8";
    const COMPRESSED: &[u8] = b"\xc1\x01a";

    struct How {
        room: usize,
        is_single: bool,
        is_inflated: bool,
    }

    const AS_A_RULE: How = How {
        room: 100,
        is_single: false,
        is_inflated: false,
    };

    /// What a client is told at once of frames that came in one chunk, and how much of it is left.
    fn decoded(frames: &[&[u8]], how: &How) -> (Vec<String>, usize) {
        let config = Config {
            compression: true,
            ..Config::default()
        };
        let mut connection = Connection::<Vec<u8>>::new(Role::Client, config);
        let mut bytes = frames.concat();
        let len = bytes.len();
        let mut input = connection.handle_bytes(&mut bytes).unwrap();
        let mut told = Told {
            events: Vec::new(),
            room: how.room,
        };
        decode(
            &mut connection,
            &mut input,
            &mut told,
            how.is_single,
            |payload| payload == b"ours",
            || how.is_inflated,
        );
        (told.events, len - input.position())
    }

    #[test]
    fn whole_messages_are_told_of_together() {
        let (events, left) = decoded(&[MESSAGE, MESSAGE, b"\x82"], &AS_A_RULE);
        assert_eq!((events.len(), left), (2, 0));
    }

    #[test]
    fn an_event_of_which_more_may_be_asked_is_the_last_of_its_batch() {
        for (frames, event) in [
            (FRAGMENTS, "message of 2"),
            (PING, "ping"),
            (PONG, "pong"),
            (CLOSE, "close 1000"),
            (COMPRESSED, "compressed"),
        ] {
            let (events, left) = decoded(&[MESSAGE, frames, MESSAGE], &AS_A_RULE);
            assert_eq!(events, ["message of 1", event]);
            assert_eq!(left, MESSAGE.len(), "behind {event}");
        }
    }

    #[test]
    fn an_error_is_the_last_of_its_batch() {
        let (events, _) = decoded(&[MESSAGE, b"\x83\x00", MESSAGE], &AS_A_RULE);
        assert_eq!(
            events,
            ["message of 1", &format!("{:?}", ErrorKind::InvalidOpcode)]
        );
    }

    #[test]
    fn a_pong_of_our_own_ping_is_not_told_of() {
        let (events, left) = decoded(&[MESSAGE, OUR_PONG, MESSAGE], &AS_A_RULE);
        assert_eq!((events.len(), left), (2, 0));
    }

    #[test]
    fn the_only_event_of_a_batch_ends_it() {
        let single = How {
            is_single: true,
            ..AS_A_RULE
        };
        let (events, left) = decoded(&[OUR_PONG, MESSAGE, MESSAGE], &single);
        assert_eq!((events.len(), left), (1, MESSAGE.len()));
    }

    #[test]
    fn without_room_for_more_the_rest_of_the_chunk_is_left() {
        let short = How {
            room: 2,
            ..AS_A_RULE
        };
        let (events, left) = decoded(&[MESSAGE, MESSAGE, MESSAGE], &short);
        assert_eq!((events.len(), left), (2, MESSAGE.len()));
    }

    #[test]
    fn a_message_that_came_inflated_is_told_of_as_one() {
        let inflated = How {
            is_inflated: true,
            ..AS_A_RULE
        };
        let (events, left) = decoded(&[COMPRESSED, MESSAGE], &inflated);
        assert_eq!(events, ["inflated text"]);
        assert_eq!(left, MESSAGE.len());
        let (events, _) = decoded(&[b"\xc1\x01\xff"], &inflated);
        assert_eq!(events, [format!("{:?}", ErrorKind::InvalidUtf8)]);
    }

    #[test]
    fn only_the_first_frame_of_a_compressed_message_can_be_inflated_already() {
        let config = Config {
            compression: true,
            ..Config::default()
        };
        let mut connection = Connection::<Vec<u8>>::new(Role::Client, config);
        let mut told = Told {
            events: Vec::new(),
            room: 100,
        };
        let asked = std::cell::Cell::new(0);
        for frame in [*b"\x41\x01a", *b"\x80\x01b"] {
            let mut bytes = frame;
            let mut input = connection.handle_bytes(&mut bytes).unwrap();
            let is_inflated = || {
                asked.set(asked.get() + 1);
                false
            };
            decode(
                &mut connection,
                &mut input,
                &mut told,
                false,
                |_| false,
                is_inflated,
            );
            connection.handle_inflated(b"inflated").unwrap();
        }
        assert_eq!(told.events, ["compressed", "compressed"]);
        assert_eq!(asked.get(), 1);
    }
}
