'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { setImmediate: immediate } = require('node:timers/promises');
const zlib = require('node:zlib');

const { FrameReader, TEXT, frame } = require('./frames');
const { openThreaded } = require('./threads');

const MASK = Buffer.from([1, 2, 3, 4]);

/** A peer that compresses by itself, with a context of its own. */
class RawPeer {
  constructor(t, port, takeover) {
    this.frames = [];
    this._reader = new FrameReader();
    this._takeover = takeover;
    this._deflate = zlib.createDeflateRaw({ windowBits: 15 });
    this._opened = false;
    this.socket = net.connect(port, '127.0.0.1');
    t.after(() => this.socket.destroy());
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => this._onData(data));
    this.socket.write(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        `Sec-WebSocket-Extensions: permessage-deflate${
          takeover ? '' : '; client_no_context_takeover'
        }\r\n\r\n`
    );
  }

  _onData(data) {
    if (this._opened) {
      this.frames.push(...this._reader.push(data));
      return;
    }

    const end = data.indexOf('\r\n\r\n');

    this._opened = true;
    this.frames.push(...this._reader.push(data.subarray(end + 4)));
  }

  /** @return {Promise<Buffer>} The payload of a compressed message */
  async deflate(payload) {
    if (!this._takeover) this._deflate = zlib.createDeflateRaw();

    const chunks = [];
    const onData = (data) => chunks.push(data);

    this._deflate.on('data', onData);
    this._deflate.write(payload);
    await new Promise((resolve) =>
      this._deflate.flush(zlib.constants.Z_SYNC_FLUSH, resolve)
    );
    this._deflate.off('data', onData);
    return Buffer.concat(chunks).subarray(0, -4);
  }

  /** @return {Promise<Buffer>} The frame of a compressed message */
  async compressed(payload, opcode = TEXT) {
    return frame(opcode, await this.deflate(payload), { mask: MASK, rsv: 4 });
  }
}

async function openRaw(t, options, takeover = true) {
  const { wss } = await openThreaded(t, 0, {
    perMessageDeflate: { threshold: 0 },
    ...options
  });
  const connected = once(wss, 'connection');
  const peer = new RawPeer(t, wss.address().port, takeover);
  const [ws] = await connected;

  return { peer, ws, wss };
}

/** Of a connection the first message is inflated on the event loop. */
async function warmUp({ peer, ws }) {
  peer.socket.write(await peer.compressed('first'));
  await once(ws, 'message');
  // What is behind it is the thread's.
  await immediate();
}

module.exports = { openRaw, warmUp };
