'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { loadNative } = require('../../lib/native/loader');
const { hex } = require('../support/events');
const { skip } = require('../support/loop');
const { evaluate } = require('../support/programs');

/** glibc fills what is freed with other bytes: who uses it is found out. */
const env = { MALLOC_PERTURB_: '165' };

/** A binding with rows for events, and a connection. */
function open(t, payloads = []) {
  const binding = loadNative().createBinding();
  const rows = binding.eventRows(4, payloads);
  const id = binding.connectionCreate(false, 0, 0, 0, 0);

  t.after(() => binding.connectionFree(id));
  return { binding, id, rows };
}

describe('A program that calls the addon by itself', () => {
  it('cannot have a chunk unmasked that another thread may write to', (t) => {
    const { binding, id } = open(t);
    const shared = new Uint8Array(new SharedArrayBuffer(3));

    shared.set(hex('81 01 61'));
    assert.throws(() => binding.handleBytes(id, shared, 0, 0), {
      message: 'ws-rs: another thread may write to the chunk'
    });
    assert.strictEqual(binding.handleBytes(id, hex('81 01 61'), 0, 0), 1);
  });

  it('cannot have a chunk decoded that its own events are written to', (t) => {
    const { binding, id, rows } = open(t);
    const message = 'ws-rs: bytes are where their events are put';

    for (const chunk of [
      new Uint8Array(rows),
      new Uint8Array(rows, rows.byteLength - 1)
    ]) {
      assert.throws(() => binding.handleBytes(id, chunk, 0, 0), { message });
      assert.throws(() => binding.handleInflated(id, chunk, 0), { message });
    }

    assert.strictEqual(
      binding.handleBytes(id, new Uint8Array(rows, rows.byteLength), 0, 0),
      0
    );
  });

  it('gets no more rows than a chunk can have events', (t) => {
    const { binding } = open(t);

    for (const count of [32_769, 2 ** 32 - 1]) {
      assert.throws(() => binding.eventRows(count, []), {
        message: 'ws-rs: no chunk has so many events'
      });
    }

    assert.strictEqual(binding.eventRows(32_768, []).byteLength, 512 * 1024);
  });

  it('cannot have memory taken for a longer text than there is', (t) => {
    const { binding, id } = open(t);

    for (const units of [16_385, 2 ** 32 - 1]) {
      assert.throws(() => binding.queueText(id, 'abc', units, 0x81), {
        message: 'ws-rs: the text has another length'
      });
    }

    binding.queueText(id, 'x'.repeat(16_385), 16_385, 0x81);
    assert.strictEqual(binding.connectionState(id, 5), 4 + 16_385);
  });

  it('sends of a text no more than it says there is', (t) => {
    const { binding, id } = open(t);

    binding.queueText(id, 'abcdefghi', 2, 0x81);
    assert.strictEqual(binding.connectionState(id, 5), 2 + 6);
  });

  it('is not called for what is kept', () => {
    const binding = loadNative().createBinding();
    const seen = [];
    const set = (value) => {
      seen.push(value);
    };

    try {
      Object.defineProperty(Object.prototype, '0', { configurable: true, set });
      binding.eventRows(2, [undefined]);
    } finally {
      delete Object.prototype[0];
    }

    assert.deepStrictEqual(seen, []);
  });

  it('may call it again while an array is filled', async (t) => {
    const { binding, id } = open(t);
    const deflater = binding.deflaterCreate(6, 15, 8, 0, undefined);
    const done = new Promise((resolve) => {
      binding.onJobsDone(() => resolve(setting(() => binding.takeDone())));
    });

    /** What the setter has seen; it cannot be put into an array. */
    function setting(body) {
      const seen = new Set();
      const set = () => {
        seen.add(binding.connectionState(id, 0));
        seen.add(binding.codecRelease(deflater));
      };

      try {
        Object.defineProperty(Array.prototype, '0', {
          configurable: true,
          set
        });
        body();
      } finally {
        delete Array.prototype[0];
      }

      return seen.size;
    }

    t.after(() => binding.codecFree(deflater));
    binding.handleBytes(id, hex('01 02 61 62 80 02 63 64'), 0, 0);
    assert.ok(setting(() => binding.fragmentEnds(id)) > 0);
    binding.codecAway(deflater, Buffer.from('abc'), 1, 0);
    assert.ok((await done) > 0);
  });

  it(
    'may call it again while it is asked for memory, and told of TLS',
    { skip },
    async (t) => {
      const seen = await evaluate(
        async () => {
          const { loadNative } = require('./lib/native/loader');
          const binding = loadNative().createBinding();
          const seen = new Set();
          const payloads = Object.defineProperty([], '0', {
            get() {
              seen.add(`spare ${binding.eventRows(2, []).byteLength}`);
              return undefined;
            }
          });

          binding.eventRows(64, payloads);

          const text = Buffer.alloc(20_004, 'a');

          text.set(Buffer.from('817e4e20', 'hex'));

          let count = 0;
          const listener = () => {
            count++;
          };

          binding.onEvents(new Proxy({}, { get: () => listener }));

          const server = net.createServer({ pauseOnConnect: true }).listen(0);

          await once(server, 'listening');

          const client = net.connect(server.address().port);
          const [socket] = await once(server, 'connection');
          const other = net.connect(server.address().port);
          const [tls] = await once(server, 'connection');
          const id = binding.connectionCreate(false, 0, 0, 0, 0);

          binding.loopOpen(id, socket._handle.fd, false, false, 0);
          for (let sent = 0; sent < 3; sent++) {
            const before = count;

            client.write(text);
            while (count === before) {
              await new Promise((resolve) => setImmediate(resolve));
            }
          }

          const borrowed = binding.acceptBorrow(tls._handle.fd);

          binding.tlsAccept(borrowed, -1);
          Object.defineProperty(Array.prototype, '0', {
            configurable: true,
            set() {
              seen.add(`tls ${binding.connectionState(borrowed, 0)}`);
            }
          });
          binding.tlsError(borrowed);
          binding.tlsFacts(borrowed);
          delete Array.prototype[0];
          other.destroy();
          console.log(JSON.stringify([...seen]));
          process.exit();
        },
        { env }
      );

      assert.deepStrictEqual(seen, ['spare 32', 'tls 0']);
    }
  );

  it(
    'may free a connection when it is told of its context',
    { skip },
    async () => {
      const seen = await evaluate(
        async () => {
          const { createHook, executionAsyncId } = require('node:async_hooks');
          const { loadNative } = require('./lib/native/loader');
          const binding = loadNative().createBinding();
          const id = binding.connectionCreate(false, 0, 0, 0, 0);
          const seen = { contexts: [], events: [] };
          const onText = () => seen.events.push(executionAsyncId());

          createHook({
            init(asyncId, type) {
              if (type !== 'WSRSSOCKET') return;
              seen.contexts.push(asyncId);
              binding.connectionFree(id);
            }
          }).enable();
          binding.eventRows(4, []);
          binding.onEvents(new Proxy({}, { get: () => onText }));

          const server = net.createServer({ pauseOnConnect: true }).listen(0);

          await once(server, 'listening');

          const client = net.connect(server.address().port);
          const [socket] = await once(server, 'connection');

          binding.loopOpen(id, socket._handle.fd, false, false, 0);
          client.write(Buffer.from('810161', 'hex'));
          while (seen.contexts.length === 0) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          console.log(JSON.stringify(seen));
          process.exit();
        },
        { env }
      );

      assert.strictEqual(seen.contexts.length, 1);
      // That it is ended by `onContext` first, and by `onText`.
      assert.strictEqual(seen.events.at(-1), seen.contexts[0]);
    }
  );

  it('begins no TLS on a connection that is open', { skip }, async (t) => {
    const { binding, id } = open(t);
    const server = net.createServer({ pauseOnConnect: true }).listen(0);

    await once(server, 'listening');

    const client = net.connect(server.address().port);
    const [socket] = await once(server, 'connection');

    t.after(() => {
      client.destroy();
      socket.destroy();
      server.close();
    });
    binding.loopOpen(id, socket._handle.fd, false, false, 0);
    assert.strictEqual(binding.tlsAccept(id, -1), 0);
    binding.connectionFree(id);
  });

  const canMove = typeof ArrayBuffer.prototype.transfer === 'function';

  it(
    'keeps memory that it has moved to a thread that lives longer',
    { skip: !canMove && 'this Node cannot move it' },
    async () => {
      const bytes = await evaluate(
        async () => {
          const { Worker } = require('node:worker_threads');
          const worker = new Worker(
            `const { parentPort } = require('node:worker_threads');
           const { loadNative } = require('./lib/native/loader');
           const rows = loadNative().createBinding().eventRows(4, []);

           new Uint8Array(rows).fill(7);

           const moved = rows.transfer();

           parentPort.postMessage(moved, [moved]);
           parentPort.once('message', () => process.exit());`,
            { eval: true }
          );
          const [moved] = await once(worker, 'message');

          worker.postMessage('end');
          await once(worker, 'exit');
          console.log(JSON.stringify([...new Set(new Uint8Array(moved))]));
        },
        { env }
      );

      assert.deepStrictEqual(bytes, [7]);
    }
  );

  it(
    'ends its connections if it takes away what they are read into',
    { skip: skip || (!canMove && 'this Node cannot move it') },
    async () => {
      const failure = await evaluate(
        async () => {
          const { loadNative } = require('./lib/native/loader');
          const binding = loadNative().createBinding();
          const id = binding.connectionCreate(false, 0, 0, 0, 0);
          const failed = new Promise((resolve) => {
            const listeners = { onFailure: resolve };

            binding.eventRows(4, []);
            binding
              .onEvents(
                new Proxy(listeners, {
                  get: (all, key) => all[key] ?? (() => {})
                })
              )
              .transfer();
          });
          const server = net.createServer({ pauseOnConnect: true }).listen(0);

          await once(server, 'listening');

          const client = net.connect(server.address().port);
          const [socket] = await once(server, 'connection');

          binding.loopOpen(id, socket._handle.fd, false, false, 0);
          client.write(Buffer.from('810161', 'hex'));
          console.log(JSON.stringify(await failed));
          process.exit();
        },
        { env }
      );

      assert.strictEqual(failure, 'ws-rs: its own memory was taken away');
    }
  );
});
