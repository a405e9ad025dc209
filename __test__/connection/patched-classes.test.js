'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');

const {
  isReceiverPatched,
  isSenderPatched
} = require('../../lib/connection/patched-classes');
const WebSocket = require('../..');

const { Receiver, Sender } = WebSocket;

async function open(t, lib = WebSocket) {
  const wss = new lib.WebSocketServer({ host: '127.0.0.1', port: 0 });

  await once(wss, 'listening');

  const client = new lib.WebSocket(`ws://127.0.0.1:${wss.address().port}`, {
    autoPong: false
  });
  const [[ws]] = await Promise.all([
    once(wss, 'connection'),
    once(client, 'open')
  ]);

  t.after(() => {
    client.terminate();
    wss.close();
  });
  return { client, ws };
}

test('a spy on send() of a sender sees what is sent from then on', async (t) => {
  const { client, ws } = await open(t);
  const received = [];
  const options = { binary: false, compress: false, fin: true, mask: false };

  client.on('message', (data) => received.push(String(data)));
  ws.send('before');

  const send = t.mock.method(ws._sender, 'send');
  const callback = () => {};

  ws.send('one');
  ws.send('two', { own: 1 }, callback);
  assert.deepEqual(
    send.mock.calls.map((call) => call.arguments),
    [
      ['one', options, undefined],
      ['two', { ...options, own: 1 }, callback]
    ]
  );
  send.mock.restore();
  ws.send('after');
  while (received.length < 4) await once(client, 'message');
  assert.equal(send.mock.callCount(), 2);
  assert.deepEqual(received, ['before', 'one', 'two', 'after']);
});

test('a method of the class is called that was put there meanwhile', async (t) => {
  const { client, ws } = await open(t);
  const frames = t.mock.method(Sender.prototype, 'sendFrame');

  ws.send('hello');
  ws.ping();
  await once(client, 'ping');
  assert.deepEqual(
    frames.mock.calls.map(({ arguments: [list] }) =>
      Buffer.concat(list.map((part) => Buffer.from(part))).toString('latin1')
    ),
    ['\x81\x05hello', '\x89\x00']
  );
});

test('what replaces sendFrame() decides what is sent', async (t) => {
  const { client, ws } = await open(t);
  const received = [];

  client.on('message', (data) => received.push(String(data)));
  ws._sender.sendFrame = (list, callback) => callback?.();
  await new Promise((resolve) => ws.send('lost', resolve));
  delete ws._sender.sendFrame;
  ws.send('sent');
  await once(client, 'message');
  assert.deepEqual(received, ['sent']);
});

test('nothing is patched by itself', () => {
  assert.equal(isReceiverPatched(), false);
  assert.equal(isSenderPatched(null), false);
  assert.equal(isSenderPatched(new Sender(null)), false);
});

test('methods of Receiver are patched when somebody has put them there', (t) => {
  for (const name of ['on', 'addListener', 'emit', 'write', '_write']) {
    const had = Object.getOwnPropertyDescriptor(Receiver.prototype, name);

    Receiver.prototype[name] = t.mock.fn();
    assert.equal(isReceiverPatched(), true, name);
    if (had) Object.defineProperty(Receiver.prototype, name, had);
    else delete Receiver.prototype[name];
    assert.equal(isReceiverPatched(), false, name);
  }
});

test('a frame() that replaces that of the class makes the frames', async (t) => {
  const { client, ws } = await open(t);
  const received = [];

  client.on('message', (data) => received.push(String(data)));
  ws.send('before');

  const { frame } = Sender;
  const seen = [];

  t.after(() => {
    Sender.frame = frame;
  });
  Sender.frame = (data, options) => {
    const { fin, mask, opcode, rsv1 } = options;

    seen.push([String(data), { fin, mask, opcode, rsv1 }]);
    return frame(String(data) === 'one' ? Buffer.from('two') : data, options);
  };

  const options = { fin: true, mask: false, opcode: 1, rsv1: false };

  ws.send('one');
  ws.send('a', { fin: false });
  ws.send(Buffer.from('b'), { mask: false });
  ws.ping('c');
  await once(client, 'ping');
  assert.deepEqual(seen, [
    ['one', options],
    ['a', { ...options, fin: false }],
    ['b', { ...options, opcode: 0 }],
    ['c', { ...options, opcode: 9 }]
  ]);
  Sender.frame = frame;
  ws.send('after');
  while (received.length < 4) await once(client, 'message');
  assert.deepEqual(received, ['before', 'two', 'ab', 'after']);
});

test('methods that receivers inherit are called where they are replaced', async (t) => {
  for (const lib of [require('ws'), WebSocket]) {
    const { prototype } = lib.Receiver;

    for (const name of ['end', 'destroy', 'removeAllListeners', '_destroy']) {
      const method = prototype[name];
      let calls = 0;

      prototype[name] = function (...args) {
        calls++;
        return method.apply(this, args);
      };
      t.after(() => delete prototype[name]);

      const { client, ws } = await open(t, lib);

      client.send('hello');

      const [data] = await once(ws, 'message');

      client.close(1000);

      const [code] = await once(ws, 'close');

      delete prototype[name];
      assert.equal(String(data), 'hello');
      assert.equal(code, 1000);
      assert.ok(calls > 0, name);
    }
  }
});
