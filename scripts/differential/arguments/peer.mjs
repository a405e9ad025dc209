// The raw end of a connection: what comes to it, in words, and what it sends.
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { bytesText } from './describe.mjs';

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };
const TRAILER = Buffer.from([0, 0, 255, 255]);

/** Bytes that come in, in words. */
export class FrameReader {
  constructor(log, isOpen = false) {
    this.log = log;
    this.bytes = Buffer.alloc(0);
    this.isOpen = isOpen;
    this.parts = [];
    this.head = new Promise((resolve) => {
      this.onHead = resolve;
    });
  }

  push(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    if (!this.isOpen) {
      const end = this.bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.bytes.toString('latin1', 0, end + 2);
      this.isOpen = true;
      this.bytes = this.bytes.subarray(end + 4);
      this.onHead(head);
    }
    while (this.frame());
  }

  frame() {
    const { bytes } = this;
    if (bytes.length < 2) return false;
    let length = bytes[1] & 127;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return false;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return false;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    const mask = bytes[1] & 128 ? bytes.subarray(at, at + 4) : null;
    if (mask) at += 4;
    if (bytes.length < at + length) return false;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (mask) for (let i = 0; i < length; i++) payload[i] ^= mask[i & 3];
    this.bytes = bytes.subarray(at + length);
    const first = bytes[0];
    if (this.isDone) this.log('behind the close frame');
    this.log(
      `frame ${first.toString(16)} ${mask ? 'masked' : 'bare'} ${this.text(first, payload)}`
    );
    if ((first & 15) === 8) this.isDone = true;
    return true;
  }

  /** Compressed bytes are whose they are; what they mean is compared. */
  text(first, payload) {
    if ((first & 15) > 2) return bytesText(payload);
    if (first & 0x40) this.parts = [];
    else if (this.parts.length === 0 || (first & 15) !== 0) {
      return bytesText(payload);
    }
    this.parts.push(payload);
    if ((first & 0x80) === 0) return 'a part';
    const all = Buffer.concat([...this.parts, TRAILER]);
    this.parts = [];
    try {
      return `inflated ${bytesText(inflateRawSync(all, SYNC))}`;
    } catch (err) {
      return `cannot be inflated: ${err.message}`;
    }
  }

  /** What is no frame. */
  rest() {
    if (this.bytes.length > 0) this.log(`rest ${bytesText(this.bytes)}`);
  }
}

export class Peer {
  constructor(run, socket, masks) {
    Object.assign(this, { run, socket, masks });
    const reader = new FrameReader((line) => run.log(line, 'peer'));
    run.readers.push(reader);
    this.reader = reader;
    this.head = reader.head;
    socket.on('data', (chunk) => {
      run.trace.touch();
      reader.push(chunk);
    });
    socket.on('end', () => run.log('end', 'peer'));
    socket.on('error', () => run.log('error', 'peer'));
    socket.on('close', () => run.log('close', 'peer'));
    run.endings.push(() => socket.destroy());
  }

  get isOpen() {
    return this.reader.isOpen;
  }

  send(what, deflate) {
    const frame = (first, payload = Buffer.alloc(0)) => {
      const head = [first, payload.length | (this.masks ? 128 : 0)];
      return Buffer.concat([
        Buffer.from(head),
        this.masks ? Buffer.alloc(4) : Buffer.alloc(0),
        payload
      ]);
    };
    const frames = {
      text: () => frame(0x81, Buffer.from('hello')),
      binary: () =>
        deflate
          ? frame(0xc2, deflateRawSync('binary', SYNC).subarray(0, -4))
          : frame(0x82, Buffer.from('binary')),
      empty: () => frame(0x82),
      ping: () => frame(0x89, Buffer.from('p')),
      pong: () => frame(0x8a),
      fragments: () =>
        Buffer.concat([
          frame(2, Buffer.from('one')),
          frame(0, Buffer.from('two')),
          frame(0x80)
        ]),
      close: () => frame(0x88),
      closeReason: () => frame(0x88, Buffer.from('\x03\xe9gone', 'latin1')),
      bad: () => frame(0xb1, Buffer.from('bad'))
    };
    const { socket } = this;
    if (what === 'end') socket.end();
    else if (what === 'destroy') socket.destroy();
    else if (socket.writable) {
      this.run.sending = new Promise((resolve) => {
        socket.write(frames[what](), resolve);
      });
    }
  }
}
