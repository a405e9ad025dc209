'use strict';

/* global serve -- the programs begin with them */

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setImmediate } = require('node:timers/promises');

const { WebSocketServer } = require('../..');
const { evaluate, runProgram } = require('../support/programs');

// A process that ends too early does not print its last line; one that does
// not end is stopped, which `evaluate()` reports.

describe('A process', () => {
  it('lives while a client is open', async () => {
    const log = await evaluate(async () => {
      const { Worker } = require('node:worker_threads');
      // The server lives in a thread that keeps nothing alive.
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
        const { WebSocketServer } = require('.');
        const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
        wss.on('listening', () => parentPort.postMessage(wss.address().port));
        wss.on('connection', (ws) => {
          setTimeout(() => ws.send('late'), 200);
        });`,
        { eval: true }
      );

      worker.once('message', (port) => {
        worker.unref();

        const ws = new WebSocket(`ws://127.0.0.1:${port}`);

        ws.on('message', (data) => {
          console.log(JSON.stringify(String(data)));
          process.exit();
        });
      });
    });

    assert.strictEqual(log, 'late');
  });

  for (const when of ['at once', 'after messages']) {
    it(`ends if the sockets are unreferenced ${when}`, async () => {
      const log = await evaluate(
        async (when) => {
          const wss = await serve();
          const log = [];

          wss.on('connection', (peer) => {
            peer._socket.unref();
            peer.on('message', (data) => peer.send(data));
          });

          const ws = new WebSocket(wss.url);

          function leave() {
            ws._socket.unref();
            wss._server.unref();
          }

          ws.on('open', () => {
            log.push('open');
            if (when === 'at once') leave();
            else ws.send('a');
          });
          ws.on('message', (data) => {
            log.push(String(data));
            setTimeout(leave, 20);
          });
          process.on('exit', () => {
            console.log(JSON.stringify([...log, ws.readyState]));
          });
        },
        { argument: when }
      );

      assert.deepStrictEqual(
        log,
        when === 'at once' ? ['open', 1] : ['open', 'a', 1]
      );
    });
  }

  it('lives again if the socket is referenced again', async () => {
    const log = await evaluate(async () => {
      const wss = await serve();
      let ws = null;

      wss.on('connection', (peer) => {
        peer._socket.unref();
        setTimeout(() => peer.send('late'), 200).unref();
      });
      ws = new WebSocket(wss.url);
      ws.on('open', () => {
        wss._server.unref();
        ws._socket.unref();
        ws._socket.ref();
      });
      ws.on('message', (data) => {
        console.log(JSON.stringify(String(data)));
        ws.terminate();
      });
    });

    assert.strictEqual(log, 'late');
  });

  it('lives while a message is compressed on another thread', async () => {
    const size = await evaluate(async () => {
      const { PerMessageDeflate } = WebSocket;
      const pmd = new PerMessageDeflate();

      pmd.accept([{}]);
      pmd.compress(Buffer.alloc(8 << 20, 'ws-rs'), true, (err, compressed) => {
        pmd.decompress(compressed, true, (err, data) => {
          console.log(JSON.stringify(data.length));
        });
      });
    });

    assert.strictEqual(size, 8 << 20);
  });

  it('ends by itself when everything is closed', async () => {
    const log = await evaluate(async () => {
      const wss = await serve({ perMessageDeflate: { threshold: 0 } });

      wss.on('connection', (peer) => {
        peer.on('message', (data) => peer.send(data));
      });

      const ws = new WebSocket(wss.url);

      ws.on('open', () => ws.send('a'.repeat(100_000)));
      ws.on('message', () => ws.close());
      ws.on('close', (code) => {
        wss.close();
        console.log(JSON.stringify(code));
      });
    });

    assert.strictEqual(log, 1005);
  });

  it('may exit while connections are open and messages are compressed', async () => {
    const log = await evaluate(async () => {
      const wss = await serve({ perMessageDeflate: { threshold: 0 } });

      wss.on('connection', (peer) => {
        peer.send('a'.repeat(4 << 20));
        peer.send('b');
      });

      const ws = new WebSocket(wss.url);

      ws.on('open', () => {
        ws.send('a'.repeat(4 << 20));
        console.log(JSON.stringify('exits'));
        setImmediate(() => process.exit(0));
      });
    });

    assert.strictEqual(log, 'exits');
  });

  it('has what it sent before process.exit() written', async (t) => {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    const received = [];

    t.after(() => wss.close());
    wss.on('connection', (peer) => {
      peer.on('message', (data) => received.push(String(data)));
      peer.send('exit');
    });
    await once(wss, 'listening');

    const { code } = await runProgram(
      async (port) => {
        const ws = new WebSocket(`ws://127.0.0.1:${port}`);

        ws.on('message', () => {
          ws.send('last words');
          process.exit(3);
        });
      },
      { argument: wss.address().port }
    );

    while (wss.clients.size > 0) await setImmediate();

    assert.strictEqual(code, 3);
    assert.deepStrictEqual(received, ['last words']);
  });
});
