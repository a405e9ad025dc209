'use strict';

const { createHash } = require('crypto');

const MARK = '\ufffd';

/** Of a token in bytes: NATS servers refuse lines of more than 4 KiB. */
const LONGEST_TOKEN = 1024;

/**
 * @param {String} name A topic: any string
 * @return {String} The name itself. One that is no well-formed Unicode (or that
 *     begins as these do) is U+FFFD and the hexadecimal digits of its UTF-16.
 */
function channelOf(name) {
  if (name.isWellFormed() && !name.startsWith(MARK)) return name;

  return MARK + Buffer.from(name, 'utf16le').swap16().toString('hex');
}

/**
 * @param {String} name A topic: any string
 * @return {String} One token of a NATS subject. It is what `encodeURIComponent()`
 *     gives, with `%2E` for a dot and `%2A` for an asterisk; `%` for the empty
 *     name; `%u` and four digits for a half of a surrogate pair; and `%sha256-`
 *     and the hash of that, if it is of more than 1,024 bytes.
 */
function tokenOf(name) {
  if (name === '') return '%';

  const token = name.isWellFormed()
    ? escape(name)
    : Array.from(name, (one) =>
        one.isWellFormed()
          ? escape(one)
          : `%u${one.charCodeAt(0).toString(16).toUpperCase()}`
      ).join('');

  if (token.length <= LONGEST_TOKEN) return token;

  return `%sha256-${createHash('sha256').update(token).digest('hex')}`;
}

function escape(text) {
  return encodeURIComponent(text).replace(/\./g, '%2E').replace(/\*/g, '%2A');
}

module.exports = { channelOf, tokenOf };
