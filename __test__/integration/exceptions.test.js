'use strict';

/* global serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate, runProgram } = require('../support/programs');

// Each program throws where a listener or callback of the user's would, and
// tells what the process sees of it.

describe('A listener that throws in the middle of a chunk', () => {
  /** Five messages in one chunk; "2" and "4" make the listener throw. */
  async function main(allowSynchronousEvents) {
    const wss = await serve();
    const log = [];
    const thrown = new Map();

    process.on('uncaughtException', (err) => {
      log.push(`uncaught ${err.message} ${thrown.get(err)}`);
    });
    wss.on('connection', (ws) => {
      ws.send('first');
      setImmediate(() => {
        for (const text of ['1', '2', '3', '4', '5']) ws.send(text);
        ws.close(1000);
      });
    });

    const ws = new WebSocket(wss.url, { allowSynchronousEvents });

    ws.on('message', (data) => {
      const text = String(data);

      log.push(text);
      if (text !== '2' && text !== '4') return;

      const error = new TypeError(text);

      thrown.set(error, 'same object');
      throw error;
    });
    ws.on('close', (code) => {
      wss.close();
      console.log(JSON.stringify([...log, code]));
    });
  }

  const EXPECTED = [
    ...['first', '1', '2', 'uncaught 2 same object'],
    ...['3', '4', 'uncaught 4 same object', '5', 1000]
  ];

  it('surfaces the same error, and the other messages follow', async () => {
    assert.deepStrictEqual(await evaluate(main, { argument: true }), EXPECTED);
  });

  it('does so without synchronous events', async () => {
    assert.deepStrictEqual(await evaluate(main, { argument: false }), EXPECTED);
  });

  it('ends a process that does not listen, with the stack trace', async () => {
    const { code, stderr } = await runProgram(async () => {
      const wss = await serve();

      wss.on('connection', (ws) => ws.send('a'));
      new WebSocket(wss.url).on('message', function onMessage() {
        throw new RangeError('Out of my range');
      });
    });

    assert.strictEqual(code, 1);
    assert.match(stderr, /RangeError: Out of my range\r?\n\s+at .*onMessage/);
  });
});

describe('Listeners of other events that throw', () => {
  it('surface the same errors, and the connection lives on', async () => {
    const log = await evaluate(async () => {
      const wss = await serve({ perMessageDeflate: { threshold: 0 } });
      const log = [];

      process.on('uncaughtException', (err) => log.push(err.message));
      wss.on('connection', (ws) => {
        ws.on('ping', () => {
          throw new Error('ping');
        });
        ws.on('message', (data) => ws.send(`echo ${data}`));
      });

      const ws = new WebSocket(wss.url);

      ws.on('open', () => {
        setImmediate(() => {
          ws.ping();
          ws.send('compressed');
        });
        throw new Error('open');
      });
      ws.on('pong', () => {
        throw new Error('pong');
      });
      ws.on('message', (data) => {
        log.push(String(data));
        ws.close();
        throw new Error('message');
      });
      ws.on('close', (code) => {
        log.push(code);
        wss.close();
        console.log(JSON.stringify(log));
      });
    });

    assert.deepStrictEqual(log.slice(0, 1), ['open']);
    assert.deepStrictEqual(log.slice(1).sort(), [
      ...[1005, 'echo compressed', 'message', 'ping', 'pong'].sort()
    ]);
  });

  it('may be those of one connection, while others get their events', async () => {
    const log = await evaluate(async () => {
      const wss = await serve();
      const counts = [0, 0, 0, 0];
      let errors = 0;
      let closed = 0;

      process.on('uncaughtException', () => errors++);
      wss.on('connection', (ws, { url }) => {
        const i = Number(url.slice(1));

        ws.on('message', () => {
          counts[i]++;
          if (i === 0) throw new Error('Oops');
        });
      });

      for (let i = 0; i < 4; i++) {
        const ws = new WebSocket(`${wss.url}/${i}`);

        ws.on('open', () => {
          for (let n = 0; n < 100; n++) ws.send('a');
          ws.close();
        });
        ws.on('close', () => {
          if (++closed < 4) return;
          wss.close();
          console.log(JSON.stringify({ counts, errors }));
        });
      }
    });

    assert.deepStrictEqual(log, { counts: [100, 100, 100, 100], errors: 100 });
  });
});

describe('A send callback that throws', () => {
  /** Three sends of this form; the second callback throws. */
  async function main({ size, compress }) {
    const wss = await serve({ perMessageDeflate: compress });
    const log = [];

    process.on('uncaughtException', (err) =>
      log.push(`uncaught ${err.message}`)
    );
    wss.on('connection', (ws) => ws.on('message', () => {}));

    const ws = new WebSocket(wss.url);

    ws.on('open', () => {
      for (const i of [1, 2, 3]) {
        ws.send('a'.repeat(size), () => {
          log.push(i);
          if (i === 2) throw new Error('Oops');
          if (i === 3) ws.close();
        });
      }
    });
    ws.on('close', () => {
      wss.close();
      console.log(JSON.stringify(log));
    });
  }

  for (const [what, argument] of [
    ['a small message', { size: 1, compress: false }],
    ['a large message', { size: 100_000, compress: false }],
    ['a compressed message', { size: 100, compress: true }],
    ['a large compressed message', { size: 100_000, compress: true }]
  ]) {
    it(`of ${what} surfaces, and the next one is called`, async () => {
      assert.deepStrictEqual(await evaluate(main, { argument }), [
        ...[1, 2, 'uncaught Oops', 3]
      ]);
    });
  }
});
