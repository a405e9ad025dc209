'use strict';

/** What the first byte of a frame is made of (RFC 6455, section 5.2). */
module.exports = {
  FIN: 0x80,
  /** Compressed (RFC 7692, section 6). */
  RSV1: 0x40,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10
};
