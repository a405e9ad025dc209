//! What the protocol makes of a chunk, as rows.

use ws_rs_protocol::{Connection, Event, Inflated, Input};

use super::buffer::BufferStore;
use super::pongs::Pongs;
use super::rows::Rows;
use crate::numbers::frame::{BINARY, CLOSE, PING, PONG, TEXT};
use crate::numbers::row::{COMPRESSED, INFLATED};

/// Decodes until the chunk is used up or the batch ends. `inflated` is asked for each compressed message
/// whether its payload is inflated already.
pub(crate) fn decode(
    connection: &mut Connection<BufferStore>,
    input: &mut Input<'_>,
    rows: &mut Rows<'_>,
    pongs: Pongs<'_>,
    mut inflated: impl FnMut() -> bool,
) {
    while !rows.is_full() {
        match connection.poll_event(input) {
            Ok(None) => break,
            Ok(Some(Event::Message(message))) => {
                let kind = if message.binary { BINARY } else { TEXT };
                rows.push(kind, Some(&message.payload), 0, message.frames);
                if message.frames > 1 {
                    break;
                }
            }
            Ok(Some(Event::Ping(payload))) => {
                rows.push(PING, Some(&payload), 0, 0);
                break;
            }
            Ok(Some(Event::Pong(payload))) => {
                if pongs.take(input.payload(&payload)) {
                    continue;
                }
                rows.push(PONG, Some(&payload), 0, 0);
                break;
            }
            Ok(Some(Event::Close(close))) => {
                rows.push(CLOSE, Some(&close.payload), 2, u32::from(close.code));
                break;
            }
            Ok(Some(Event::Compressed(frame))) if connection.open_frames() == 1 && inflated() => {
                match connection.handle_inflated(input.payload(&frame.payload)) {
                    Ok(Inflated::Whole { binary }) => {
                        let kind = if binary { BINARY } else { TEXT };
                        rows.push(kind | INFLATED, Some(&frame.payload), 0, 1);
                    }
                    // They come in one frame.
                    Ok(Inflated::Incomplete | Inflated::Assembled(_)) => {}
                    Err(error) => rows.error(error),
                }
                break;
            }
            Ok(Some(Event::Compressed(frame))) => {
                rows.push(COMPRESSED, Some(&frame.payload), 0, u32::from(frame.fin));
                break;
            }
            Err(error) => {
                rows.error(error);
                break;
            }
        }
    }
}
