'use strict';

// What a browser may say to the room, and how it is checked.
//
//   { "type": "join", "name": "Ada" }        once, before anything else
//   { "type": "say", "text": "Hello" }       as often as one likes
//   { "type": "typing" }                     while the message is being written
//
// Nothing a client sends is used before it has passed through `parseMessage`.
// What the servers say to each other is in presence.js.

const MAX_NAME = 24;
const MAX_TEXT = 1000;

// Above what the longest valid message can take as JSON (an escaped character is
// six bytes), so that a text that is too long gets an answer, not a close frame.
const MAX_PAYLOAD = 16 * 1024;

// Control, invisible and text-direction characters (but for tab and line feed):
// they can make one person's name or message look like another's.
const DECEPTIVE =
  /(?![\t\n])[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const fieldsByType = {
  join: (message) => ({ name: checkName(message.name) }),
  say: (message) => ({ text: checkText(message.text) }),
  typing: () => ({})
};

/** A message the room cannot accept; `code` is for programs, the text for people. */
class BadMessageError extends Error {
  /**
   * @param {string} code stable identifier, such as `bad-json`
   * @param {string} message what is wrong and what to do about it
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * Checks one WebSocket message and returns only the fields it is known to have.
 *
 * @param {Buffer} data the message
 * @param {boolean} isBinary whether it came in binary frames
 * @returns {{type: 'join', name: string} | {type: 'say', text: string} |
 *     {type: 'typing'}} the message
 * @throws {BadMessageError} if the room cannot accept it
 */
function parseMessage(data, isBinary) {
  if (isBinary) {
    throw new BadMessageError('not-text', 'Send text messages, not binary.');
  }

  let message;

  try {
    message = JSON.parse(data.toString());
  } catch {
    throw new BadMessageError('bad-json', 'The message is not valid JSON.');
  }

  if (message === null || typeof message !== 'object') {
    throw new BadMessageError('bad-json', 'The message is not a JSON object.');
  }

  // `Object.hasOwn`: { "type": "constructor" } must not find anything.
  if (!Object.hasOwn(fieldsByType, message.type)) {
    throw new BadMessageError(
      'bad-type',
      `"type" must be one of: ${Object.keys(fieldsByType).join(', ')}.`
    );
  }

  return { type: message.type, ...fieldsByType[message.type](message) };
}

/**
 * Reads what another process of the chat has sent.
 *
 * @param {Buffer} data the message
 * @returns {object} the message; without any field if it is none
 */
function parseOwn(data) {
  try {
    return Object(JSON.parse(data));
  } catch {
    console.error('Something else than a chat server talks to this one.');
    return {};
  }
}

function checkName(value) {
  const name = tidy(value).replace(/\s+/g, ' ');

  if (!VISIBLE.test(name) || name.length > MAX_NAME) {
    throw new BadMessageError(
      'bad-name',
      `A name must have 1 to ${MAX_NAME} characters.`
    );
  }

  return name;
}

function checkText(value) {
  const text = tidy(value);

  if (!VISIBLE.test(text) || text.length > MAX_TEXT) {
    throw new BadMessageError(
      'bad-text',
      `A message must have 1 to ${MAX_TEXT} characters.`
    );
  }

  return text;
}

function tidy(value) {
  if (typeof value !== 'string') return '';

  return value
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(DECEPTIVE, '')
    .trim();
}

module.exports = { BadMessageError, MAX_PAYLOAD, parseMessage, parseOwn };
