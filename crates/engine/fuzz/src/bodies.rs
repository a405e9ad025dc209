//! What the fuzz target does with its input. `cargo test` runs the same (`tests/fuzz_bodies.rs`).

use std::time::Duration;

use ws_rs_engine::connection::Options;
use ws_rs_protocol::{Control, Data, OpCode};

use super::support::Payload;
use super::support::compressor::Way;
use super::support::pair::{Pair, What};
use super::support::threads::Does;
use super::support::wire::Fault;

/// Lengths of payloads: around those at which a header grows and at which frames are joined no more.
const LENS: [usize; 16] = [
    0, 1, 2, 5, 17, 60, 125, 126, 127, 300, 1000, 2000, 4000, 4096, 9000, 17_000,
];

/// Commands of the programs at both ends of two connections, and faults of their wires, threads and
/// memory, in virtual time. The checks are in `tests/support/end.rs` and `pair.rs`.
///
/// The first byte is the capacity of the wires; of each step the first byte chooses side, connection
/// and command, and the next one or two are its arguments.
pub(crate) fn pair(data: &[u8]) {
    let mut bytes = data.iter().copied();
    let Some(capacity) = bytes.next() else {
        return;
    };
    let mut pair = Pair::new(LENS[usize::from(capacity % 16)].max(3) * 2);
    let mut filling = 0_u8;
    while let Some(choice) = bytes.next() {
        let is_far = choice & 1 != 0;
        let index = usize::from(choice >> 1 & 1);
        let mut argument = || bytes.next().unwrap_or(0);
        let now = pair.now;
        let mut send = |what: What, flags: u8| {
            let options = Options {
                more_messages: flags & 0x80 != 0,
                track: flags & 0x40 != 0,
            };
            let side = pair.side(is_far);
            if is_far || matches!(what, What::Joined(..)) {
                side.send(index, &what, options, now);
            }
        };
        let mut payload = |flags: u8| {
            filling = filling.wrapping_add(1);
            let len = LENS[usize::from(flags & 15)];
            (0..len)
                .map(|at| b'a' + (filling.wrapping_add(at as u8) % 26))
                .collect::<Vec<u8>>()
        };
        let binary = OpCode::Data(Data::Binary);
        match choice >> 2 & 15 {
            0 => {
                let flags = argument();
                let opcode = if flags & 0x20 == 0 {
                    OpCode::Data(Data::Text)
                } else {
                    binary
                };
                send(
                    What::Joined(opcode, payload(flags), flags & 0x10 == 0),
                    flags,
                );
            }
            1 => {
                let flags = argument();
                let opcode = OpCode::Data(Data::Text);
                let way = match flags >> 4 & 3 {
                    0 => Way::Inline,
                    1 if choice >> 6 == 0 => Way::Refused,
                    1 => Way::Begun,
                    _ => Way::Job,
                };
                send(What::Compressed(opcode, payload(flags), way), flags);
            }
            2 => {
                let flags = argument();
                let payload = payload(flags);
                if is_far {
                    pair.far.share(&payload, flags & 0x80 != 0, now);
                }
            }
            3 => {
                let flags = argument();
                let payload = Payload::new(&payload(flags));
                let fin = flags & 0x10 == 0;
                send(What::Lent(binary, payload, fin, flags & 0x20 == 0), flags);
            }
            4 => {
                let flags = argument();
                let payload = payload(flags % 7);
                send(
                    What::Joined(OpCode::Control(Control::Ping), payload, true),
                    flags,
                );
            }
            5 => {
                let flags = argument();
                send(What::Raw(Payload::new(&payload(flags))), flags);
            }
            6 | 7 => {
                let (first, second) = (argument(), argument());
                let most = [first, second].map(|most| usize::from(most & 0x3f) << (most >> 5));
                pair.batch(is_far, most, usize::from(choice >> 6) * 8);
            }
            8 => match choice >> 6 {
                0 => pair.side(is_far).end_tick(),
                1 => {
                    let which = argument();
                    let does = match which & 7 {
                        0 => Does::Drop,
                        1 => Does::Panic,
                        2 => Does::Refuse,
                        _ => Does::Work,
                    };
                    pair.side(is_far).threads.run(usize::from(which >> 3), does);
                }
                2 => pair.take_results(is_far),
                _ => match argument() {
                    len @ 0..128 => {
                        let payload = payload(len);
                        pair.side(is_far).send_nothing(index, &payload, now);
                    }
                    _ => pair.side(is_far).end(index).reader.is_short_of_memory = true,
                },
            },
            9 => pair.now += Duration::from_micros(u64::from(argument())),
            10 => {
                let wire = &mut pair.side(is_far).end(index).wire;
                let most = argument();
                wire.faults.push_back(match most {
                    0 => Fault::Blocked,
                    _ => Fault::Short(usize::from(most & 0x3f) << (most >> 6)),
                });
            }
            11 => {
                let (back, len) = (argument(), argument());
                let end = pair.side(is_far).end(index);
                if let Some(payload) = end.ledger.payload(usize::from(back % 8)) {
                    payload.resize(usize::from(len));
                }
            }
            12 => {
                let end = pair.side(is_far).end(index);
                end.set_native(choice & 0x40 != 0);
                end.pump();
            }
            13 => {
                let end = pair.side(is_far).end(index);
                if end.engine.outbox().is_blocked() {
                    end.write_waiting();
                }
            }
            14 => match argument() {
                kept @ 0..128 => {
                    let wire = &mut pair.side(is_far).end(index).wire;
                    wire.reset(104, usize::from(kept));
                }
                _ => pair.side(is_far).destroy(index),
            },
            _ => {
                let close = OpCode::Control(Control::Close);
                send(What::Joined(close, b"\x03\xe8bye".to_vec(), true), 0x40);
            }
        }
        pair.near.check(now);
        pair.far.check(now);
    }
    pair.finish();
}
