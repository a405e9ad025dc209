'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const { hex, tick } = require('../support/events');
const { openPair } = require('../support/pairs');
const { deflating, FakeSocket, idle, TEXT } = require('../support/senders');

describe('Sending without compression', () => {
  it('writes the header and the payload within the call', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);
    let sent = 0;

    sender.send('hi', TEXT, () => sent++);
    assert.deepStrictEqual(socket.chunks, [hex('81 02'), 'hi']);
    assert.strictEqual(socket.corked, 0);
    assert.strictEqual(sent, 1);
  });

  it('takes bytes in any form', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);
    const { buffer } = Uint8Array.of(1, 2, 3, 4);

    for (const data of [
      Buffer.from(buffer, 1, 2),
      buffer,
      new Uint16Array(buffer, 2, 1),
      new DataView(buffer, 3),
      [5, 6]
    ]) {
      sender.send(data, { ...TEXT, binary: true });
    }

    const payloads = socket.chunks.filter((_, i) => i % 2 === 1);

    assert.deepStrictEqual(
      payloads.map((payload) => payload.toString('hex')),
      ['0203', '01020304', '0304', '04', '0506']
    );
  });

  it('throws if the data is of no type that can be sent', () => {
    const sender = new Sender(new FakeSocket());

    for (const data of [1, true, undefined, null, {}, Symbol('a')]) {
      assert.throws(() => sender.send(data, TEXT), { name: 'TypeError' });
    }
  });

  it('reads its options before it looks at the data', () => {
    const sender = new Sender(new FakeSocket());
    const options = {
      get binary() {
        throw new RangeError('read');
      }
    };

    assert.throws(() => sender.send(Symbol('a'), options), RangeError);
  });

  it('gives fragments the opcode of their place', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);

    for (const fin of [false, false, true, true]) {
      sender.send('a', { ...TEXT, fin });
    }

    const headers = socket.chunks.filter((_, i) => i % 2 === 0);

    assert.deepStrictEqual(
      headers.map((header) => header.toString('hex')),
      ['0101', '0001', '8001', '8101']
    );
  });
});

describe('Control frames', () => {
  it('are a ping, a pong and a close', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);

    sender.ping(Buffer.from('a'), false);
    sender.pong(Buffer.from('b'), false);
    sender.close(1000, 'ok', false);
    assert.deepStrictEqual(
      Buffer.concat(socket.chunks),
      hex('89 01 61  8a 01 62  88 04 03 e8 6f 6b')
    );
  });

  it('carry at most 125 bytes', () => {
    const sender = new Sender(new FakeSocket());
    const error = {
      name: 'RangeError',
      message: 'The data size must not be greater than 125 bytes'
    };

    sender.ping(Buffer.alloc(125), false);
    assert.throws(() => sender.ping(Buffer.alloc(126), false), error);
    assert.throws(() => sender.pong('é'.repeat(63), false), error);
    assert.strictEqual(sender._socket.chunks.length, 2);
  });

  it('close with a valid code and a short reason only', () => {
    const sender = new Sender(new FakeSocket());

    for (const code of [1004, 1005, 1006, 999, 1015, 2999, 5000, '1000', NaN]) {
      assert.throws(() => sender.close(code, '', false), {
        name: 'TypeError',
        message: 'First argument must be a valid error code number'
      });
    }

    assert.throws(() => sender.close(1000, 'é'.repeat(62), false), {
      name: 'RangeError',
      message: 'The message must not be greater than 123 bytes'
    });
    assert.throws(() => sender.close(1000, new Uint16Array(1), false), {
      name: 'TypeError',
      message: 'Second argument must be a string or a Uint8Array'
    });
    // Which has no length, where `{}` has none and is no reason.
    assert.throws(() => sender.close(1000, null, false), TypeError);
    assert.throws(() => sender.close(1000, { length: 1 }, false), {
      code: 'ERR_INVALID_ARG_TYPE'
    });
    assert.deepStrictEqual(sender._socket.chunks, []);
  });

  it('throw for a reason that has a length, by its bytes before its type', () => {
    const sender = new Sender(new FakeSocket());

    assert.throws(() => sender.close(1000, new Float64Array(16), false), {
      name: 'RangeError',
      message: 'The message must not be greater than 123 bytes'
    });
    for (const reason of [['a'], { length: 5 }, (one) => one]) {
      assert.throws(() => sender.close(1000, reason, false), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE'
      });
    }
    assert.throws(() => sender.close(1000, null, false), TypeError);
    assert.deepStrictEqual(sender._socket.chunks, []);

    for (const reason of ['', 5, {}, false, new ArrayBuffer(3), () => {}]) {
      sender.close(1000, reason, false);
    }
    assert.deepStrictEqual(
      sender._socket.chunks.filter((_, i) => i % 2 === 1),
      Array(6).fill(hex('03 e8'))
    );
  });

  it('have no payload if they close without a code', () => {
    const sender = new Sender(new FakeSocket());

    sender.close(undefined, undefined, false);
    assert.deepStrictEqual(sender._socket.chunks, [hex('88 00')]);
  });
});

describe('Compressed messages', () => {
  it('are sent later, and everything behind them waits', async () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket, deflating());
    const sent = [];

    sender.send('Hello', { ...TEXT, compress: true }, () => sent.push('Hello'));
    sender.ping('p', false, () => sent.push('ping'));
    sender.send('plain', TEXT, () => sent.push('plain'));
    assert.strictEqual(sender._state, 1);
    assert.strictEqual(sender._bufferedBytes, 11);
    assert.deepStrictEqual(socket.chunks, []);

    await idle(sender);
    assert.strictEqual(sender._state, 0);
    assert.deepStrictEqual(sent, ['Hello', 'ping', 'plain']);
    assert.deepStrictEqual(
      Buffer.concat(socket.chunks.map((chunk) => Buffer.from(chunk))),
      // RFC 7692, section 7.2.3.1, then a ping and plain text.
      hex('c1 07 f2 48 cd c9 c9 07 00  89 01 70  81 05 70 6c 61 69 6e')
    );
  });

  it('are those whose option is anything but falsy', async () => {
    const sender = new Sender(new FakeSocket(), deflating());

    for (const compress of [1, 'no', {}, 0, '', null]) {
      sender.send('hi', { ...TEXT, compress });
    }
    await idle(sender);
    assert.deepStrictEqual(
      sender._socket.chunks.filter((_, i) => i % 2 === 0).map(([byte]) => byte),
      [0xc1, 0xc1, 0xc1, 0x81, 0x81, 0x81]
    );
  });

  it('set RSV1 in their first frame only', async () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket, deflating());

    sender.send('ab', { ...TEXT, compress: true, fin: false });
    sender.send('cd', { ...TEXT, compress: false });
    await idle(sender);

    assert.deepStrictEqual(
      [socket.chunks[0][0], socket.chunks[2][0]],
      [0x41, 0x80]
    );
  });

  it('are those above the threshold if no context is kept', async () => {
    const socket = new FakeSocket();
    const sender = new Sender(
      socket,
      deflating({ threshold: 3 }, { client_no_context_takeover: [true] })
    );

    sender.send('ab', { ...TEXT, compress: true });
    assert.deepStrictEqual(socket.chunks, [hex('81 02'), 'ab']);

    sender.send('abc', { ...TEXT, compress: true });
    await idle(sender);
    assert.strictEqual(socket.chunks[2][0], 0xc1);
  });

  it('fail in order, with what waits behind them, if the socket is gone', async () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket, deflating());
    const errors = [];
    const message = 'The socket was closed while data was being compressed';

    sender.send('a', { ...TEXT, compress: true }, (err) =>
      errors.push(['a', err.message])
    );
    sender.send('b', { ...TEXT, compress: true });
    sender.close(1000, '', false, (err) => errors.push(['close', err.message]));
    socket.destroyed = true;
    for (let i = 0; i < 10; i++) await tick();

    assert.deepStrictEqual(errors, [
      ['a', message],
      ['close', message]
    ]);
    assert.deepStrictEqual(socket.chunks, []);
  });
});

describe('The mask', () => {
  it('comes from generateMask, which gets a buffer of four bytes', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket, {}, (mask) => {
      assert.strictEqual(mask.length, 4);
      mask.set([0x37, 0xfa, 0x21, 0x3d]);
    });
    const data = Buffer.from('Hello');

    sender.send(data, { ...TEXT, mask: true });
    assert.deepStrictEqual(
      Buffer.concat(socket.chunks),
      hex('81 85 37 fa 21 3d 7f 9f 4d 51 58')
    );
    assert.deepStrictEqual(data, Buffer.from('Hello'));
  });
});

describe('sendFrame', () => {
  it('writes the chunks as they are, and calls back behind the last', () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);
    let calls = 0;

    sender.sendFrame([hex('81 02'), 'hi'], () => calls++);
    sender.sendFrame([hex('82 00')], () => calls++);
    assert.deepStrictEqual(socket.chunks, [hex('81 02'), 'hi', hex('82 00')]);
    assert.strictEqual(calls, 2);
    assert.strictEqual(socket.corked, 0);
  });

  it('throws what the socket throws if there is no first chunk', async (t) => {
    const { peer } = await openPair(t);

    for (const list of [[], {}, 5]) {
      assert.throws(() => peer._sender.sendFrame(list), {
        code: 'ERR_INVALID_ARG_TYPE'
      });
    }
  });
});
