'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { Writable } = require('node:stream');
const { test } = require('node:test');
const util = require('node:util');

const {
  ErrorOfNode,
  TypeErrorOfNode,
  errorWithCode
} = require('../lib/errors-of-node');
const { evaluate } = require('./support/programs');

/** What programs can tell errors by, but for where they were made. */
function look(error) {
  const prototype = Object.getPrototypeOf(error);
  const withoutStack = (text) => text.replace(/\n {4}at .*/g, '');

  return {
    constructor: error.constructor,
    inspected: withoutStack(util.inspect(error)),
    isOfClass: error instanceof error.constructor,
    isPlain: prototype === error.constructor.prototype,
    json: JSON.stringify(error),
    keys: Object.keys(error),
    message: error.message,
    name: error.name,
    own: Reflect.ownKeys(error).sort(),
    stack: withoutStack(error.stack),
    text: String(error)
  };
}

test('an error with a code is as that of Node', async () => {
  const stream = new Writable();

  stream.destroy();

  const ofNode = await new Promise((resolve) => stream.write('', resolve));
  const { code, message } = ofNode;

  assert.deepStrictEqual(
    look(errorWithCode(ErrorOfNode, code, message)),
    look(ofNode)
  );
});

test('an error of another class with a code is as that of Node', () => {
  let ofNode = null;

  try {
    Buffer.from('', 'nonsense');
  } catch (err) {
    ofNode = err;
  }

  const { code, message } = ofNode;

  assert.deepStrictEqual(
    look(errorWithCode(TypeErrorOfNode, code, message)),
    look(ofNode)
  );
});

test('errors of the system are of the class of Node, whatever a program puts in its place', async () => {
  const seen = await evaluate(async () => {
    const { Error: ErrorOfNode, TypeError: TypeErrorOfNode } = globalThis;

    globalThis.Error = class extends ErrorOfNode {};
    globalThis.TypeError = class extends TypeErrorOfNode {};

    for (const key of Object.keys(require.cache)) {
      if (!key.endsWith('.node')) delete require.cache[key];
    }

    const found = require('./lib/errors-of-node');

    console.log(
      JSON.stringify([
        found.ErrorOfNode === ErrorOfNode,
        found.TypeErrorOfNode === TypeErrorOfNode
      ])
    );
  });

  assert.deepStrictEqual(seen, [true, true]);
});

test('errors of the system are of the context of Node, wherever the package was loaded', async () => {
  const seen = await evaluate(async () => {
    const fs = require('node:fs');
    const { builtinModules, createRequire } = require('node:module');
    const vm = require('node:vm');

    const context = vm.createContext({ ...globalThis, process });
    const modules = new Map();
    const load = (file) => {
      if (file.endsWith('.node')) return require(file);
      if (modules.has(file)) return modules.get(file).exports;

      const module = { exports: {} };
      const own = createRequire(file);
      const requireIn = (id) =>
        builtinModules.includes(id) ? require(id) : load(own.resolve(id));

      modules.set(file, module);
      if (file.endsWith('.json')) module.exports = require(file);
      else {
        requireIn.resolve = own.resolve;
        vm.compileFunction(
          fs.readFileSync(file, 'utf8'),
          ['exports', 'require', 'module'],
          { filename: file, parsingContext: context }
        )(module.exports, requireIn, module);
      }
      return module.exports;
    };
    const Other = load(require.resolve('.'));
    const wss = await serve();
    const client = new Other(wss.url);
    const [[ws]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    // Node's stream gives it errors of its own.
    for (let i = 0; client.transport === 'stream' && i < 50; i++) {
      await new Promise(setImmediate);
    }

    ws.pause();
    client.send(Buffer.alloc(30e6));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });

    const error = await new Promise((resolve) => {
      client.send('lost', resolve);
      client.terminate();
    });

    console.log(JSON.stringify([error instanceof Error, String(error)]));
    ws.terminate();
    wss.close();
  });

  assert.strictEqual(seen[0], true);
  assert.match(seen[1], /^Error( \[ERR_STREAM_DESTROYED\])?: /);
});
