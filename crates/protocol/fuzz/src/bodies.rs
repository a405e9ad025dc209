//! What the fuzz targets do with their input. `cargo test` runs the same (`tests/fuzz_bodies.rs`).
//!
//! The first byte of an input, or the first few, choose the configuration; the rest is data.

use ws_rs_protocol::{
    Config, Connection, Data, DeflateOptions, Deflater, Event, Inflated, Inflater, Input,
    ProtocolError, Role, Strategy, is_valid_utf8,
};

/// Any bytes as a stream: the same events in one chunk, cut in two, and byte by byte; every text is
/// UTF-8, every limit is kept, nothing comes after the end.
pub(crate) fn connection(data: &[u8]) {
    let [choice, cut, stream @ ..] = data else {
        return;
    };
    let role = if choice & 1 == 0 {
        Role::Client
    } else {
        Role::Server
    };
    let config = Config {
        max_payload: if choice & 2 == 0 { 300 } else { 1 << 24 },
        max_fragments: if choice & 4 == 0 { 3 } else { 0 },
        max_buffered_chunks: 0,
        compression: choice & 8 != 0,
        skip_utf8_validation: choice & 16 != 0,
    };
    let whole = observe(role, config, &[stream]);
    let (head, tail) = stream.split_at(usize::from(*cut).min(stream.len()));
    assert_eq!(observe(role, config, &[head, tail]), whole);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(observe(role, config, &bytes), whole);
}

/// What is put in comes out: messages in fragments, masked, compressed, chopped as the data says.
pub(crate) fn round_trip(data: &[u8]) {
    let [choice, data @ ..] = data else {
        return;
    };
    let (sender, receiver, mask) = if choice & 1 == 0 {
        (Role::Server, Role::Client, None)
    } else {
        (Role::Client, Role::Server, Some([*choice, 2, 0, 0xff]))
    };
    let config = Config {
        compression: choice & 2 != 0,
        ..Config::default()
    };
    let connection: Connection = Connection::new(sender, config);
    let mut deflater = Deflater::new(DeflateOptions {
        // The other side of `observe` has none.
        dictionary: Vec::new(),
        ..options(*choice)
    });
    let mut wire = Vec::new();
    let mut expected = Vec::new();
    let mut opcode = Data::Binary;
    let mut message = Vec::new();
    let mut rest = data;
    while let [len, tail @ ..] = rest {
        let (part, tail) = tail.split_at(usize::from(len >> 1).min(tail.len()));
        rest = tail;
        let fin = len & 1 == 0 || rest.is_empty();
        let mut payload = part.to_vec();
        if config.compression {
            payload.clear();
            deflater.compress(part, fin, &mut payload).expect("memory");
        }
        let rsv1 = config.compression && opcode == Data::Binary;
        connection.send_message(opcode, &payload, (fin, rsv1), mask, &mut wire);
        if *len % 7 == 0 {
            let ping = &part[..part.len().min(125)];
            connection.send_ping(ping, mask, &mut wire);
            expected.push((9, ping.to_vec()));
        }
        message.extend_from_slice(part);
        opcode = Data::Continue;
        if fin {
            // A ping sent after the last frame comes after the message.
            let at = expected.len() - usize::from(*len % 7 == 0);
            expected.insert(at, (2, std::mem::take(&mut message)));
            opcode = Data::Binary;
        }
    }
    let size = 1 + usize::from(*choice);
    let chunks: Vec<&[u8]> = wire.chunks(size).collect();
    let seen = observe(receiver, config, &chunks);
    assert_eq!(seen.failure, None);
    assert_eq!(seen.events, expected);
}

/// Any bytes as a DEFLATE stream: never more than the limit and one byte, and alike in two pieces.
pub(crate) fn inflate(data: &[u8]) {
    let [choice, cut, stream @ ..] = data else {
        return;
    };
    let limit = [0, 1, 100, 5_000, 1 << 20][usize::from(choice % 5)];
    let window_bits = 8 + choice / 5 % 8;
    let mut out = Vec::new();
    let mut inflater = Inflater::new(window_bits, Vec::new());
    let whole = inflater.decompress(stream, true, Some(limit), &mut out);
    assert!(out.len() <= limit + usize::from(whole.is_err()));
    let (head, tail) = stream.split_at(usize::from(*cut).min(stream.len()));
    let mut pieces = Vec::new();
    let mut inflater = Inflater::new(window_bits, Vec::new());
    let result = inflater
        .decompress(head, false, Some(limit), &mut pieces)
        .and_then(|()| {
            let left = limit - pieces.len();
            inflater.decompress(tail, true, Some(left), &mut pieces)
        });
    assert_eq!(whole.is_ok(), result.is_ok(), "{whole:?}, {result:?}");
    if whole.is_ok() {
        assert_eq!(out, pieces);
    }
    inflater.reset();
    let mut again = Vec::new();
    let after_reset = inflater.decompress(stream, true, Some(limit), &mut again);
    assert_eq!((after_reset, again), (whole, out), "a reset forgets all");
}

/// Any payload with any options: it inflates to itself, twice, with and without a reset.
pub(crate) fn deflate(data: &[u8]) {
    let [choice, capacity, payload @ ..] = data else {
        return;
    };
    let options = options(*choice);
    let mut inflater = Inflater::new(options.window_bits, options.dictionary.clone());
    let mut deflater = Deflater::new(options);
    for round in 0..3 {
        let mut compressed = Vec::with_capacity(usize::from(*capacity));
        deflater
            .compress(payload, true, &mut compressed)
            .expect("memory");
        let mut out = Vec::new();
        inflater
            .decompress(&compressed, true, Some(payload.len()), &mut out)
            .expect("what was compressed");
        assert_eq!(out, payload);
        if round == 1 {
            deflater.reset();
            inflater.reset();
        }
    }
}

fn options(choice: u8) -> DeflateOptions {
    DeflateOptions {
        level: i32::from(choice % 11) - 1,
        window_bits: 8 + choice % 8,
        mem_level: [8, 8, 1, 9][usize::from(choice >> 6)],
        strategy: [
            Strategy::Default,
            Strategy::Default,
            Strategy::HuffmanOnly,
            Strategy::Rle,
            Strategy::Fixed,
            Strategy::Filtered,
        ][usize::from(choice >> 2) % 6],
        dictionary: b"dictionary"[..usize::from(choice % 3) * 5].to_vec(),
    }
}

/// An event as opcode and bytes.
type Observation = (u8, Vec<u8>);

/// What a stream gave: events, and the failure that ended it.
#[derive(Debug, PartialEq, Eq)]
struct Observed {
    events: Vec<Observation>,
    failure: Option<String>,
}

fn observe(role: Role, config: Config, chunks: &[&[u8]]) -> Observed {
    let mut connection: Connection = Connection::new(role, config);
    let mut inflater = Inflater::new(15, Vec::new());
    let mut events = Vec::new();
    let mut failure = None;
    for chunk in chunks {
        let mut bytes = chunk.to_vec();
        let mut input = connection.handle_bytes(&mut bytes).expect("no chunk limit");
        while failure.is_none() {
            let before = input.position();
            match step(&mut connection, &mut inflater, &config, &mut input) {
                Ok(Some(event)) => events.extend(event),
                Ok(None) => break,
                Err(error) => failure = Some(error),
            }
            assert!(input.position() >= before && input.position() <= chunk.len());
        }
        if failure.is_some() {
            break;
        }
        assert_eq!(
            input.position(),
            chunk.len(),
            "a polled-out chunk is used up"
        );
    }
    for (opcode, bytes) in &events {
        let limit = if *opcode < 8 { config.max_payload } else { 125 };
        assert!(bytes.len() as u64 <= limit);
        assert!(*opcode != 1 || config.skip_utf8_validation || is_valid_utf8(bytes));
    }
    if let Some(at) = events.iter().position(|(opcode, _)| *opcode == 8) {
        assert_eq!((at + 1, &failure), (events.len(), &None));
        assert!(connection.is_done());
    }
    Observed { events, failure }
}

/// One event, `Some(None)` for a compressed fragment.
fn step(
    connection: &mut Connection,
    inflater: &mut Inflater,
    config: &Config,
    input: &mut Input<'_>,
) -> Result<Option<Option<Observation>>, String> {
    let text = |error: ProtocolError| error.to_string();
    let Some(event) = connection.poll_event(input).map_err(text)? else {
        return Ok(None);
    };
    let message = |binary: bool, bytes: &[u8]| Some((1 + u8::from(binary), bytes.to_vec()));
    Ok(Some(match event {
        Event::Message(whole) => message(whole.binary, input.payload(&whole.payload)),
        Event::Ping(payload) => Some((9, input.payload(&payload).to_vec())),
        Event::Pong(payload) => Some((10, input.payload(&payload).to_vec())),
        Event::Close(close) => Some((8, input.payload(&close.payload).to_vec())),
        Event::Compressed(frame) => {
            let mut out = Vec::new();
            inflater
                .decompress(
                    input.payload(&frame.payload),
                    frame.fin,
                    Some(config.max_payload as usize),
                    &mut out,
                )
                .map_err(|_| "inflation failed".to_owned())?;
            if frame.fin && inflater.has_ended() {
                inflater.reset();
            }
            match connection.handle_inflated(&out).map_err(text)? {
                Inflated::Incomplete => None,
                Inflated::Whole { binary } => message(binary, &out),
                Inflated::Assembled(whole) => message(whole.binary, input.payload(&whole.payload)),
            }
        }
    }))
}
