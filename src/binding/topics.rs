//! Topics by number, and what is published under their names.

use std::ptr;

use napi_sys as sys;
use ws_rs_engine::registry::Id;
use ws_rs_engine::topics::Topics;

use super::call::{Call, Fault, Outcome, check};
use super::fanout::{Shared, numbers_of};
use crate::numbers::sent::REST;

/// `topicsCreate() -> topics`
pub(crate) fn topics_create(call: &Call<'_>) -> Outcome {
    let id = call.state.topics.borrow_mut().insert(Topics::default());
    let id = id.ok_or(Fault::Message("ws-rs: too many Topics in one process"))?;
    call.double(id as f64)
}

/// `topicsFree(topics)`
pub(crate) fn topics_free(call: &Call<'_>) -> Outcome {
    call.state.topics.borrow_mut().remove(call.id(0)?);
    call.undefined()
}

/// `topicSubscribe(topics, id, name) -> 0 | 1`: whether the connection was no subscriber.
pub(crate) fn topic_subscribe(call: &Call<'_>) -> Outcome {
    let (id, name) = (call.id(1)?, name(call, 2)?);
    let is_new = with_topics(call, |topics| topics.subscribe(id, &name))?;
    call.number(u32::from(is_new == Some(true)))
}

/// `topicUnsubscribe(topics, id, name | undefined) -> number`: of how many topics the connection was a
/// subscriber; without a name it leaves all.
pub(crate) fn topic_unsubscribe(call: &Call<'_>) -> Outcome {
    let id = call.id(1)?;
    let mut kind = 0;
    // SAFETY: a live environment and value, and a valid out pointer.
    check(unsafe { sys::napi_typeof(call.env, call.value(2), &mut kind) })?;
    let left = if kind == sys::ValueType::napi_undefined {
        with_topics(call, |topics| topics.leave(id))?
    } else {
        let name = name(call, 2)?;
        with_topics(call, |topics| usize::from(topics.unsubscribe(id, &name)))?
    };
    call.number(left.unwrap_or(0) as u32)
}

/// `topicMembers(topics, name) -> ids`, an array.
pub(crate) fn topic_members(call: &Call<'_>) -> Outcome {
    let name = name(call, 1)?;
    let members = with_topics(call, |topics| topics.members(&name).to_vec())?;
    ids(call, None, &members.unwrap_or_default())
}

/// `topicSize(topics, name) -> number` of subscribers.
pub(crate) fn topic_size(call: &Call<'_>) -> Outcome {
    let name = name(call, 1)?;
    let size = with_topics(call, |topics| topics.members(&name).len())?;
    call.number(size.unwrap_or(0) as u32)
}

/// `topicsOf(topics, id) -> names`, an array.
pub(crate) fn topics_of(call: &Call<'_>) -> Outcome {
    let id = call.id(1)?;
    let names = with_topics(call, |topics| topics.names_of(id))?;
    let names = names.unwrap_or_default();
    let values: Outcome<Vec<_>> = names.iter().map(|name| text(call, name)).collect();
    call.array(&values?)
}

/// `publish(topics, name, payload, flags, except | undefined) -> number | array`
///
/// Sends an unmasked message to the subscribers of a topic but those of `except`, a `Float64Array` of
/// ids. The result is as that of `share`, but what is above is how many got it. An array has behind
/// that the ids of the connections that JavaScript has to see to, which did not.
pub(crate) fn publish(call: &Call<'_>) -> Outcome {
    let name = name(call, 1)?;
    let payload = call.bytes(2)?;
    let flags = call.u32(3)?;
    let mut except = call.optional_bytes(4)?.map(numbers_of).unwrap_or_default();
    except.sort_unstable();
    let mut shared = Shared::new(call.state, flags, payload);
    let mut rest = Vec::new();
    let given = with_topics(call, |topics| {
        let mut given = 0;
        for id in topics.members(&name) {
            if except.binary_search(id).is_ok() {
                continue;
            }
            if shared.send_if_open(*id) {
                given += 1;
            } else {
                rest.push(*id);
            }
        }
        given
    })?;
    let answer = shared.end() | given.unwrap_or(0) << REST;
    if rest.is_empty() {
        return call.number(answer);
    }
    ids(call, Some(answer), &rest)
}

fn with_topics<T>(call: &Call<'_>, body: impl FnOnce(&mut Topics) -> T) -> Outcome<Option<T>> {
    Ok(call
        .state
        .topics
        .borrow_mut()
        .get_mut(call.id(0)?)
        .map(body))
}

fn ids(call: &Call<'_>, first: Option<u32>, ids: &[Id]) -> Outcome {
    let first = first.map(f64::from).into_iter();
    let numbers = first.chain(ids.iter().map(|id| *id as f64));
    let values: Outcome<Vec<_>> = numbers.map(|number| call.double(number)).collect();
    call.array(&values?)
}

/// A string as it is, halves of pairs included.
fn name(call: &Call<'_>, index: usize) -> Outcome<Vec<u16>> {
    let mut len = call.units(index)?;
    let mut name = vec![0; len + 1];
    // SAFETY: a live environment and value, a valid out pointer, and room for as many units and the terminator.
    check(unsafe {
        sys::napi_get_value_string_utf16(
            call.env,
            call.value(index),
            name.as_mut_ptr(),
            name.len(),
            &mut len,
        )
    })?;
    name.truncate(len);
    Ok(name)
}

fn text(call: &Call<'_>, name: &[u16]) -> Outcome {
    let mut result = ptr::null_mut();
    // SAFETY: a live environment, text that is valid for the call, which copies it, and a valid out
    // pointer.
    check(unsafe {
        sys::napi_create_string_utf16(call.env, name.as_ptr(), name.len() as isize, &mut result)
    })?;
    Ok(result)
}
