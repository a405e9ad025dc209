'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { PerMessageDeflate, WebSocket, WebSocketServer } = require('../..');
const { checkZlibOptions } = require('../../lib/compression/zlib-options');

const NAMES = ['zlibDeflateOptions', 'zlibInflateOptions'];

/** Values of options, wrong and right, whose verdict is Node's. */
const VALUES = {
  chunkSize: [0, 1, 63, 64, 70.5, 1 << 20, -1, NaN, Infinity, '64', null],
  dictionary: [
    ...['abc', 5, null, [1, 2], {}, Buffer.from('a'), new ArrayBuffer(1)],
    new Uint16Array(1)
  ],
  level: [-2, -1, 0, 1.5, 9, 9.5, 10, NaN, -Infinity, '6', null, true, 6n],
  memLevel: [0, 1, 9, 10, NaN, null, '1', {}],
  strategy: [-1, 0, 4, 5, NaN, null, '']
};

/** The class and the code of the error, or `null`. */
function outcome(action) {
  try {
    action();
    return null;
  } catch ({ code, constructor }) {
    return [constructor.name, code];
  }
}

describe('Options for zlib', () => {
  for (const [key, values] of Object.entries(VALUES)) {
    it(`refuse those values of ${key} that Node's zlib refuses`, () => {
      const verdicts = values.map((value) => {
        const expected = outcome(() => {
          zlib.createDeflateRaw({ [key]: value }).close();
        });

        for (const name of NAMES) {
          assert.deepStrictEqual(
            outcome(() => checkZlibOptions({ [name]: { [key]: value } })),
            expected,
            `${key}: ${String(value)}`
          );
        }

        return expected;
      });

      // Some are right, and some are wrong.
      assert.ok(verdicts.includes(null));
      assert.ok(verdicts.some((verdict) => verdict !== null));
    });
  }

  it('say what is wrong, and what would be right', () => {
    for (const [options, error] of [
      [
        { zlibDeflateOptions: { level: 10 } },
        {
          name: 'RangeError',
          code: 'ERR_OUT_OF_RANGE',
          message: '"zlibDeflateOptions.level" must be from -1 to 9, not 10'
        }
      ],
      [
        { zlibInflateOptions: { chunkSize: 63 } },
        {
          name: 'RangeError',
          code: 'ERR_OUT_OF_RANGE',
          message:
            '"zlibInflateOptions.chunkSize" must be a finite number of at ' +
            'least 64, not 63'
        }
      ],
      [
        { zlibDeflateOptions: { memLevel: '8' } },
        {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_TYPE',
          message: `"zlibDeflateOptions.memLevel" must be a number, not '8'`
        }
      ]
    ]) {
      assert.throws(() => checkZlibOptions(options), error);
    }
  });

  it('take what is ignored: the window, and what this package does not use', () => {
    for (const zlibOptions of [
      undefined,
      null,
      {},
      { windowBits: 7 },
      { windowBits: 16 },
      { flush: 99 }
    ]) {
      for (const name of NAMES) checkZlibOptions({ [name]: zlibOptions });
    }

    for (const options of [undefined, null, true, false, {}]) {
      checkZlibOptions(options);
    }
  });
});

describe('Wrong options for zlib are thrown', () => {
  const perMessageDeflate = { zlibDeflateOptions: { level: 10 } };
  const error = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };

  it('by new PerMessageDeflate()', () => {
    assert.throws(() => new PerMessageDeflate(perMessageDeflate), error);
  });

  it('by new WebSocketServer(), which then does not touch the server', () => {
    const server = http.createServer();

    for (const options of [{ noServer: true }, { port: 0 }, { server }]) {
      assert.throws(
        () => new WebSocketServer({ ...options, perMessageDeflate }),
        error
      );
    }

    assert.strictEqual(server.listenerCount('upgrade'), 0);
  });

  it('by new WebSocket(), which then does not connect', () => {
    const agent = new http.Agent();

    agent.addRequest = () => assert.fail('A request');
    assert.throws(
      () => new WebSocket('ws://127.0.0.1', { agent, perMessageDeflate }),
      error
    );
  });
});

describe('A number that is NaN', () => {
  const data = Buffer.alloc(5000, 'some words that come again and again, ');

  function compress(zlibDeflateOptions) {
    const pmd = new PerMessageDeflate({ zlibDeflateOptions });

    pmd.accept([{}]);
    return new Promise((resolve) =>
      pmd.compress(data, true, (err, result) => resolve(result))
    );
  }

  it('is the default', async () => {
    const defaults = await compress({});

    for (const key of ['chunkSize', 'level', 'memLevel', 'strategy']) {
      assert.deepStrictEqual(await compress({ [key]: NaN }), defaults, key);
    }
  });
});
