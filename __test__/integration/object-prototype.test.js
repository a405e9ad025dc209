'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/**
 * Names that mean something to this package, and some that do not. Not `level`
 * and its like, which Node's zlib takes from there.
 */
const NAMES = [
  ...['version', 'helper', 'once', 'listener', 'callback'],
  ...['binary', 'mask', 'compress', 'fin'],
  ...['isServer', 'readOnly', 'rsv1', 'opcode', 'maskBuffer'],
  ...['threshold', 'protocols', 'allowSynchronousEvents'],
  ...['data', 'kind', 'len', 'id', 'a', '0', 'value'],
  // Options that ws does not have.
  ...['accept', 'heartbeat', 'idleTimeout', 'ioThreads'],
  ...['maxBackpressure', 'onBackpressure', 'tls']
];

/**
 * A conversation in a process in which something stands on `Object.prototype`;
 * gives all that was seen of it.
 */
async function converse({ names, path, value }) {
  const log = [];
  // Apart: which of both is first is not the same each time.
  const serverLog = [];
  const { createWebSocketStream, WebSocket, WebSocketServer } = require(path);
  const { EventEmitter } = require('node:events');

  for (const name of names) {
    Object.prototype[name] =
      value === 'function' ? function foreign() {} : value;
  }

  const wss = new WebSocketServer({
    host: '127.0.0.1',
    perMessageDeflate: true,
    port: 0
  });

  wss.on('connection', (ws, { headers }) => {
    serverLog.push(`offer ${headers['sec-websocket-extensions']}`);
    ws.on('message', (data, isBinary) => {
      serverLog.push(`server ${isBinary} ${data.length}`);
      ws.send(data, { binary: isBinary });
    });
    ws.on('ping', (data) => serverLog.push(`ping ${data}`));
  });
  await new Promise((resolve) => wss.on('listening', resolve));
  log.push(
    EventEmitter.prototype.eventNames.call(wss._server).map(String).sort()
  );

  const url = `ws://127.0.0.1:${wss.address().port}`;
  const ws = new WebSocket(url);
  const messages = ['a', 'b'.repeat(3000), Buffer.from('c')];

  ws.on('error', (err) => log.push(`error ${err.message}`));
  ws.on('open', () => {
    log.push(`open ${ws.extensions}`);
    ws.ping('p');
    ws.send(messages[0]);
    ws.send(messages[1], { compress: true });
    ws.send(messages[2], {});
  });
  ws.on('message', (data, isBinary) => {
    log.push(`client ${isBinary} ${data.length}`);
    if (data.length === 1 && isBinary) ws.close(1000, 'bye');
  });
  await new Promise((resolve) =>
    ws.on('close', (code, reason) => {
      log.push(`close ${code} ${reason}`);
      resolve();
    })
  );

  const duplex = createWebSocketStream(new WebSocket(url), {
    encoding: 'utf8'
  });

  await new Promise((resolve) => {
    duplex.on('error', (err) => log.push(`stream ${err.message}`));
    duplex.on('data', (text) => {
      log.push(`stream ${text}`);
      duplex.end();
    });
    duplex.on('close', resolve);
    duplex.write('d');
  });
  wss.close();
  console.log(JSON.stringify([...serverLog, ...log]));
}

describe('What a program puts on Object.prototype', () => {
  for (const value of ['function', 1, false, 'text']) {
    it(`changes what it does with ws, and no more: ${value}`, async () => {
      for (const names of [['version', 'helper'], NAMES]) {
        const run = (path) =>
          evaluate(converse, { argument: { names, path, value } });
        const expected = await run('ws');

        assert.ok(expected.includes('server true 1'), String(expected));
        assert.deepStrictEqual(await run('.'), expected);
      }
    });
  }
});
