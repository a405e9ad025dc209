'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openAudience } = require('../support/audience');
const { skipTouches } = require('../support/loop');

describe('A message for many', () => {
  it(
    'reaches all others before what write() and destroy() of one throw is known',
    { skip: skipTouches },
    async (t) => {
      const audience = await openAudience(t);
      const [{ _socket: socket }, second] = audience.ws;

      // One that is sent to by itself, too, and behind it.
      second._socket.on('data', () => {});
      socket.write = () => {
        throw new Error('of write()');
      };
      socket.destroy = () => {
        throw new Error('of destroy()');
      };
      assert.throws(() => audience.wss.broadcast('all'), /of destroy\(\)/);
      delete socket.write;
      delete socket.destroy;
      assert.deepStrictEqual(await audience.take[1](1), ['all']);
      assert.deepStrictEqual(await audience.take[2](1), ['all']);
    }
  );
});
