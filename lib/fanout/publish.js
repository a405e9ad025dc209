'use strict';

const given = require('../given');
const fanOut = require('./fan-out');
const Member = require('./member');
const { readExcept, withoutThose } = require('./except');
const SharedMessage = require('./message');
const native = require('../native');
const numbers = require('../native/numbers');
const Tick = require('../wire/tick');

const { MORE_MESSAGES } = numbers.flag;
const { REST, SCHEDULE } = numbers.sent;

/**
 * Sends a message to the subscribers of a topic; see `Topics#publish()`.
 *
 * @param {Number} topics The native half of the topics
 * @param {String} name The topic
 * @param {*} data The message
 * @param {Object} [options] `binary`, `compress`, `except`
 * @param {Object} others Whose `publish(name, message)` is called behind that, if
 *     nothing was wrong with the arguments
 * @return {Number} How many connections it was given to
 */
function publish(topics, name, data, options, others) {
  const message = new SharedMessage(data, options);
  const except = given(options, 'except');
  const to =
    typeof except === 'function'
      ? // It may do anything, and throw: nothing has been sent until it is through.
        membersBut(topics, name, message, except)
      : readExcept(except);

  try {
    return deliver(topics, name, message, to);
  } finally {
    others.publish(name, message);
  }
}

/** @param {WebSocket[]|Set|null} to Who gets it, or who of all does not */
function deliver(topics, name, message, to) {
  if (Array.isArray(to)) return fanOut(to, message, null);

  const { bytes, first } = message;
  const flags = Tick.hasMoreMessages ? first | MORE_MESSAGES : first;
  const ids = to === null ? undefined : Float64Array.from(to, Member.idOf);
  const answer = native.publish(topics, name, bytes, flags, ids);
  const isAll = typeof answer === 'number';
  const code = isAll ? answer : answer.shift();

  if ((code & SCHEDULE) !== 0) Tick.schedule();
  if (isAll) return code >>> REST;

  return (code >>> REST) + fanOut(websocketsOf(answer), message, null);
}

function membersBut(topics, name, message, except) {
  const members = websocketsOf(native.topicMembers(topics, name));

  return withoutThose(members, message, except);
}

function websocketsOf(ids) {
  return ids.map(Member.websocketOf).filter(Boolean);
}

module.exports = publish;
