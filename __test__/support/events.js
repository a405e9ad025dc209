'use strict';

/** What a receiver, or the sink of a decoder, is told: `[name, ...values]`. */
function record(receiver) {
  const events = [];

  for (const name of [
    'message',
    'ping',
    'pong',
    'conclude',
    'error',
    'finish',
    'close'
  ]) {
    receiver.on(name, (...values) => {
      events.push([name, ...values.map(readable)]);
    });
  }

  return events;
}

/** Bytes as text, errors as their codes: short in the assertions. */
function readable(value) {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof Error) return value.code;
  return value;
}

/** Bytes from hexadecimal digits, which may be spaced. */
function hex(digits) {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

function tick() {
  return new Promise((resolve) => setImmediate(resolve));
}

module.exports = { hex, record, tick };
