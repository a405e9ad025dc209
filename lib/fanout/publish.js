'use strict';

const fanOut = require('./fan-out');
const Member = require('./member');
const readExcept = require('./except');
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
 * @return {Number} How many connections it was given to
 */
function publish(topics, name, data, options) {
  const message = new SharedMessage(data, options);
  const { except } = options ?? {};

  if (typeof except === 'function') {
    // It may do anything, and throw: nothing has been sent until it is through.
    const members = websocketsOf(native.topicMembers(topics, name));
    const rest = members.filter((ws) => !except(ws));

    return fanOut(rest, message, null);
  }

  const { bytes, first } = message;
  const flags = Tick.hasMoreMessages ? first | MORE_MESSAGES : first;
  const skip = readExcept(except);
  const ids = skip === null ? undefined : Float64Array.from(skip, Member.idOf);
  const answer = native.publish(topics, name, bytes, flags, ids);
  const isAll = typeof answer === 'number';
  const code = isAll ? answer : answer.shift();

  if ((code & SCHEDULE) !== 0) Tick.schedule();
  if (isAll) return code >>> REST;

  return (code >>> REST) + fanOut(websocketsOf(answer), message, null);
}

function websocketsOf(ids) {
  return ids.map(Member.websocketOf).filter(Boolean);
}

module.exports = publish;
