'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const { hex, tick } = require('../support/events');
const { FakeSocket, idle, openDeflating, TEXT } = require('../support/senders');

describe('Messages that wait for another one to be compressed', () => {
  const OPTIONS = { binary: true, compress: true, fin: true, mask: false };

  it('are called back in the async context of whoever sent', async () => {
    const storage = new AsyncLocalStorage();
    const { sender } = openDeflating({ threshold: 0 });
    const seen = await Promise.all(
      [100_000, 10, 10].map((length, i) =>
        storage.run(
          i,
          () =>
            new Promise((resolve) => {
              sender.send(Buffer.alloc(length), OPTIONS, () => {
                resolve(storage.getStore());
              });
            })
        )
      )
    );

    assert.deepStrictEqual(seen, [0, 1, 2]);
  });

  it('all get the error, once, if the socket is destroyed', async () => {
    const { sender, socket } = openDeflating({ threshold: 0 });
    const sent = [1, 2, 3].map(
      () =>
        new Promise((resolve) => {
          sender.send(Buffer.alloc(100_000), OPTIONS, resolve);
        })
    );

    socket.destroyed = true;

    for (const error of await Promise.all(sent)) {
      assert.strictEqual(
        error.message,
        'The socket was closed while data was being compressed'
      );
    }
    assert.strictEqual(sender._queue.length, 0);
  });

  it('get the error also if they are sent when the others have got it', async () => {
    const { sender, socket } = openDeflating({ threshold: 0 });
    const send = () =>
      new Promise((resolve) => {
        sender.send(Buffer.alloc(10), OPTIONS, resolve);
      });
    const first = send();

    socket.destroyed = true;

    const { message } = await first;

    assert.strictEqual((await send()).message, message);
    assert.strictEqual((await send()).message, message);
  });

  it('share no memory with other connections in what a socket sees', async () => {
    const one = openDeflating({ threshold: 0 });
    const other = openDeflating({ threshold: 0 });

    await Promise.all(
      [one, other].map(
        ({ sender }) =>
          new Promise((resolve) => {
            sender.send('Hello', { ...OPTIONS, binary: false }, resolve);
          })
      )
    );

    const payloads = [one, other].map(({ written }) => written.at(-1));

    assert.deepStrictEqual(payloads[0], payloads[1]);
    assert.notStrictEqual(payloads[0].buffer, payloads[1].buffer);
    assert.strictEqual(payloads[0].buffer.byteLength, payloads[0].length);
  });
});

describe('Blobs', () => {
  it('are read later, in the order of everything else', async () => {
    const socket = new FakeSocket();
    const sender = new Sender(socket);

    sender.send(new Blob(['ab']), { ...TEXT, binary: true });
    sender.send('c', TEXT);
    sender.pong(new Blob(['d']), false);
    assert.strictEqual(sender._state, 2);
    assert.strictEqual(sender._bufferedBytes, 4);

    await idle(sender);
    assert.deepStrictEqual(
      Buffer.concat(socket.chunks.map((chunk) => Buffer.from(chunk))),
      hex('82 02 61 62  81 01 63  8a 01 64')
    );
  });

  it('that cannot be read are an error of the sender', async () => {
    const sender = new Sender(new FakeSocket());
    const blob = new Blob(['a']);
    const error = new Error('Oops');
    const errors = [];

    blob.arrayBuffer = () => Promise.reject(error);
    sender.onerror = (err) => errors.push(err);
    sender.send(blob, TEXT, (err) => errors.push(err));
    for (let i = 0; i < 10; i++) await tick();
    assert.deepStrictEqual(errors, [error, error]);
  });

  it('that the socket refuses are an error of the sender, and of who is behind', async () => {
    const sender = new Sender(
      Object.assign(new FakeSocket(), {
        write() {
          throw new Error('Refused');
        }
      })
    );
    const errors = [];

    sender.onerror = ({ message }) => errors.push(`sender: ${message}`);
    sender.send(new Blob(['a']), TEXT, (err) => errors.push(err.message));
    sender.send('b', TEXT, (err) => errors.push(`behind: ${err.message}`));
    for (let i = 0; i < 10; i++) await tick();
    assert.deepStrictEqual(errors, [
      'Refused',
      'behind: Refused',
      'sender: Refused'
    ]);
  });
});
