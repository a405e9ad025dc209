'use strict';

/**
 * What the kernel has for a socket that nobody has read yet. As a rule a write to
 * loopback is there when it returns. On a machine at work the kernel may deliver
 * the rest of it later, or the end behind it.
 */

const assert = require('node:assert');
const fs = require('node:fs');

const { PATIENCE } = require('./patience');

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'].filter((file) =>
  fs.existsSync(file)
);
/** States of TCP, as Linux lists them. */
const [ESTABLISHED, CLOSE_WAIT] = ['01', '08'];

/**
 * @param {net.Socket} socket One end of a connection of this machine
 * @return {Object} Functions that wait until something has arrived at the other end,
 *     without letting the event loop go on. Linux tells; elsewhere they return at
 *     once
 * @throws {AssertionError} From these functions: it has not come about in 20 s
 */
function watchOtherEnd({ localPort, remotePort }) {
  const look = () => lookUp(remotePort, localPort);

  return {
    /** @param {Number} length How many bytes nobody has read yet */
    bytes: (length) =>
      hold(() => {
        const found = look();
        return found?.state === ESTABLISHED && found.unread === length;
      }),
    end: () => hold(() => look()?.state === CLOSE_WAIT),
    /** The kernel forgets what is reset. */
    reset: () => hold(() => look() === undefined)
  };
}

module.exports = { watchOtherEnd };

function hold(isThere) {
  if (TABLES.length === 0) return;

  const deadline = Date.now() + PATIENCE;

  while (!isThere()) {
    assert.ok(Date.now() < deadline, `Waited in vain: ${isThere}`);
  }
}

// Addresses and lengths are hexadecimal: `0100007F:1F90 0100007F:C001 01 00000000:00010000`.
function lookUp(from, to) {
  for (const table of TABLES) {
    for (const line of fs.readFileSync(table, 'utf8').split('\n')) {
      const [, local, remote, state, queues] = line.trim().split(/\s+/);

      if (portOf(local) !== from || portOf(remote) !== to) continue;
      return { state, unread: parseInt(queues.split(':')[1], 16) };
    }
  }
  return undefined;
}

function portOf(address) {
  return parseInt(address?.split(':')[1], 16);
}
