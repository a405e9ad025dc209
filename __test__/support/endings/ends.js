'use strict';

// Every way to end a connection:
//
//   exists(how)     whether there is such an end; the reason stands beside it
//   skip(how)       why it cannot be tried here, or `false`
//   run(it)         ends it; `it` has `ws`, the peer's `socket`, `wss`, `frame()`, and more
//   arrives(how)    what of the frames has to arrive: 'all', 'first', or nothing in particular
//   isOrderly(how)  false where the kernel may discard what it has taken
//   isGone          true where the peer has stopped reading

const { fork } = require('node:child_process');

const { turns } = require('../ends');
const { closePayload } = require('../frames');
const { isWine } = require('../machine');

const isPlain = ({ wire }) => wire !== 'tls' && wire !== 'duplex';

/** States in which all was given to the socket in the tick of its send. */
const isGiven = ({ state }) =>
  state !== 'compressing' && state !== 'reading a Blob';

/** What has left before anything is thrown away. */
function written({ state, wire }) {
  if (state === 'frames of this tick' && isPlain({ wire })) return 'all';
  // TLS, and streams of the program's, take one write at a time.
  if (state === 'frames of this tick') return 'first';
  // The stream of the tests takes 16 KiB of it.
  return state === 'a write in flight' && wire === 'tls' ? 'first' : null;
}

/** What was given to the socket is written before it ends. */
const flushed = (how) => (isGiven(how) ? 'all' : null);

/** A Duplex has no handle, and a TLS socket none that could be given away. */
const hasHandle = ({ wire }) => wire !== 'duplex';

/** An error that the program makes, which must not harm anybody else. */
const failure = () => new Error('The program has had enough');

const ENDS = {
  'ws.close()': {
    arrives: () => 'all',
    run: ({ ws }) => ws.close(1000, 'bye')
  },
  'ws.terminate()': {
    arrives: written,
    run: ({ ws }) => ws.terminate()
  },
  'ws.close(), then ws.terminate()': {
    arrives: written,
    run({ ws }) {
      ws.close();
      ws.terminate();
    }
  },
  'socket.destroy()': {
    arrives: written,
    run: ({ ws }) => ws._socket.destroy()
  },
  'socket.destroy(err)': {
    arrives: written,
    run: ({ ws }) => ws._socket.destroy(failure())
  },
  'socket.destroySoon()': {
    arrives: flushed,
    // Only Node's sockets have it.
    exists: ({ wire }) => wire !== 'duplex',
    run: ({ ws }) => ws._socket.destroySoon()
  },
  'socket.resetAndDestroy()': {
    // It throws on everything but TCP.
    exists: ({ wire }) => wire === 'tcp',
    isOrderly: () => false,
    run: ({ ws }) => ws._socket.resetAndDestroy()
  },
  'socket.end()': {
    arrives: flushed,
    run: ({ ws }) => ws._socket.end()
  },
  'server.close() and terminate()': {
    arrives: written,
    exists: ({ role }) => role === 'server',
    run({ ws, wss }) {
      wss.close();
      ws.terminate();
    }
  },
  "the peer's close frame": {
    arrives: () => 'all',
    run: ({ frame, socket }) => socket.write(frame(8, closePayload(1000)))
  },
  "the peer's FIN": {
    arrives: flushed,
    skip: ({ state, wire }) =>
      isWine &&
      wire === 'tcp' &&
      state === 'blocked in a long message' &&
      'under Wine other bytes arrive than were written, of ws as well',
    run: ({ socket }) => socket.end()
  },
  "the peer's RST": {
    // A pipe and a stream have none.
    exists: ({ wire }) => wire === 'tcp' || wire === 'tls',
    isGone: true,
    isOrderly: () => false,
    run: ({ socket }) => (socket.below ?? socket).resetAndDestroy()
  },
  'a peer that is gone': {
    isGone: true,
    isOrderly: () => false,
    run: ({ socket }) => socket.destroy()
  },
  'a protocol error': {
    arrives: () => 'all',
    run: ({ frame, socket }) => socket.write(frame(3, 'reserved'))
  },
  'a write() that throws, then terminate()': {
    // With `ws` nobody can catch what is thrown behind a compression or a Blob.
    exists: isGiven,
    arrives: written,
    run({ ws }) {
      ws._socket.write = () => {
        throw failure();
      };
      try {
        ws.send('thrown');
      } catch {
        // As asked for.
      }
      ws.terminate();
    }
  },
  'socket._handle.close()': {
    exists: hasHandle,
    // On TLS it cuts off what is encrypted and not written.
    arrives: (how) => (isPlain(how) ? written(how) : null),
    isOrderly: isPlain,
    async run({ ws }) {
      ws._socket._handle.close();
      await turns(3);
      ws.terminate();
    },
    closes: false
  },
  'the socket handed to another process': {
    // Of TLS there is more than a handle; and what is not given to the kernel stays behind, with `ws`, too.
    exists: ({ state, wire }) =>
      (wire === 'tcp' || wire === 'unix') &&
      (state === 'empty' || state === 'frames of this tick'),
    arrives: () => 'all',
    async run({ childs, ledger, role, socket, ws }) {
      childs.send({ isMasked: role === 'client' }, ws._socket);
      ledger.expect(1, 'child');
      await new Promise((resolve) => socket.once('end', resolve));
      ws.terminate();
    }
  }
};

/** A process that takes sockets, writes a frame and ends them; started when it is first needed. */
class Childs {
  #child = null;

  send(...args) {
    this.#child ??= fork(require.resolve('../write-to-socket'));
    this.#child.send(...args);
  }

  stop() {
    this.#child?.disconnect();
  }
}

module.exports = { Childs, ENDS };
