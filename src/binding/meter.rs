//! What servers count.

use std::rc::Rc;

use ws_rs_engine::meter::Meter;

use super::call::{Call, Fault, Outcome};
use crate::numbers::meter::{DROPPED, MATERIALIZED, MISSED, NUMBERS};

/// `meterCreate() -> meter`
pub(crate) fn meter_create(call: &Call<'_>) -> Outcome {
    let id = call.state.meters.borrow_mut().insert(Rc::default());
    let id = id.ok_or(Fault::Message("ws-rs: too many servers in one process"))?;
    call.double(id as f64)
}

/// `meterFree(meter)`: nobody will read it any more.
pub(crate) fn meter_free(call: &Call<'_>) -> Outcome {
    call.state.meters.borrow_mut().remove(call.id(0)?);
    call.undefined()
}

/// `meterAttach(meter, id, natively)`: a connection was opened, and counts from now on; it was accepted
/// natively or by Node.
pub(crate) fn meter_attach(call: &Call<'_>) -> Outcome {
    let meter = meter_of(call)?;
    if let Some(meter) = meter
        && let Some(entry) = call.state.connections.borrow_mut().get_mut(call.id(1)?)
    {
        meter.opened.add(1);
        meter.accepted.add(u64::from(call.bool(2)?));
        entry.connection.meter = Some(meter);
    }
    call.undefined()
}

/// `meterNote(id, what)`: something happened on a connection, as of `meter`.
pub(crate) fn meter_note(call: &Call<'_>) -> Outcome {
    let what = call.u32(1)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(call.id(0)?)
        && let Some(meter) = &entry.connection.meter
    {
        match what {
            DROPPED => meter.dropped.add(1),
            MISSED => meter.missed.add(1),
            MATERIALIZED => meter.materialized.add(1),
            _ => {}
        }
    }
    call.undefined()
}

/// `meterRead(meter) -> number[]`: what `lib/api/metrics.js` makes of it, in its order; behind that
/// codes and how many connections were closed with each.
pub(crate) fn meter_read(call: &Call<'_>) -> Outcome {
    let Some(meter) = meter_of(call)? else {
        return call.array(&[]);
    };
    let (mut on_loop, mut on_stream, mut on_threads, mut queued) = (0, 0, 0, 0);
    for entry in call.state.connections.borrow_mut().iter_mut() {
        if !(entry.connection.meter.as_ref()).is_some_and(|its| Rc::ptr_eq(its, &meter)) {
            continue;
        }
        entry.note_written();
        if entry.is_threaded() {
            on_threads += 1;
        } else if entry.socket.as_ref().is_some_and(|its| !its.feeds_stream()) {
            on_loop += 1;
        } else {
            on_stream += 1;
        }
        queued += entry.connection.outbox().waiting();
    }
    let Meter { received, sent, .. } = &*meter;
    let numbers: [u64; NUMBERS] = [
        on_loop,
        on_stream,
        on_threads,
        meter.opened.get(),
        meter.accepted.get(),
        meter.materialized.get(),
        received.messages.get(),
        received.bytes.get(),
        received.wire_bytes.get(),
        sent.messages.get(),
        sent.bytes.get(),
        sent.wire_bytes.get(),
        queued,
        meter.dropped.get(),
        meter.missed.get(),
    ];
    let codes = meter.closed().into_iter();
    let items: Outcome<Vec<_>> = numbers
        .into_iter()
        .chain(codes.flat_map(|(code, count)| [u64::from(code), count]))
        .map(|number| call.double(number as f64))
        .collect();
    call.array(&items?)
}

fn meter_of(call: &Call<'_>) -> Outcome<Option<Rc<Meter>>> {
    let mut meters = call.state.meters.borrow_mut();
    Ok(meters.get_mut(call.id(0)?).map(|meter| Rc::clone(meter)))
}
