'use strict';

const zlib = require('node:zlib');

/** What ends each compressed message, and is left out on the wire. */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);
const HEAD_END = '\r\n\r\n';

/**
 * The codec of one direction, as Node's zlib has it: what was before a message is its
 * dictionary, if it is not forgotten.
 */
class Codec {
  constructor(run, windowBits, forgets) {
    this._run = run;
    this._windowBits = Math.max(windowBits, 9);
    this._forgets = forgets;
    this._before = Buffer.alloc(0);
  }

  /** @param {Function} plain What of input and output was not compressed */
  run(bytes, plain) {
    const options = {
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      windowBits: this._windowBits
    };

    if (this._before.length > 0) options.dictionary = this._before;

    const all = this._run(bytes, options);

    if (!this._forgets) {
      this._before = Buffer.concat([this._before, plain(bytes, all)]).subarray(
        -(2 ** this._windowBits)
      );
    }
    return all;
  }
}

/**
 * A client made of a bare socket. It takes nothing on trust: each frame is read by the
 * letter of RFC 6455 and 7692, and all bytes are counted.
 */
class Peer {
  /**
   * @param {Duplex} socket Connected, or about to be
   * @param {Object} options
   * @param {String} [options.offer] What it says of permessage-deflate
   * @param {Function} options.onevent Gets `{ type, data, isBinary }`: a message, ping,
   *     pong or close
   * @param {Function} options.onfault Gets what is wrong with the bytes
   */
  constructor(socket, { offer, onevent, onfault, path = '/' }) {
    this.socket = socket;
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.isOpen = false;
    this.isClosed = false;
    this.isFinished = false;
    this.extension = null;
    this._onevent = onevent;
    this._onfault = onfault;
    this._rest = [];
    this._length = 0;
    this._fragments = null;
    this._random = 1;
    this.opened = new Promise((resolve) => {
      this._open = resolve;
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (data) => this._read(data));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        (offer ? `Sec-WebSocket-Extensions: ${offer}\r\n` : '') +
        '\r\n'
    );
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  /** Sends a frame; `first` is its first byte. */
  frame(first, payload) {
    const { length } = payload;
    let head;

    if (length < 126) head = Buffer.from([first, 0x80 | length]);
    else if (length < 65536) {
      head = Buffer.from([first, 0x80 | 126, length >> 8, length & 255]);
    } else {
      head = Buffer.alloc(10);
      head[0] = first;
      head[1] = 0x80 | 127;
      head.writeUInt32BE(length, 6);
    }

    const mask = Buffer.alloc(4);

    this._random = (Math.imul(this._random, 1103515245) + 12345) >>> 0;
    mask.writeUInt32BE(this._random);

    const body = Buffer.from(payload);

    for (let i = 0; i < length; i++) body[i] ^= mask[i & 3];

    const all = Buffer.concat([head, mask, body]);

    this.bytesOut += all.length;
    this.socket.write(all);
  }

  /** Sends a message in some frames, compressed if that was agreed on and is wanted. */
  message(data, isBinary, parts = 1, compress = true) {
    const opcode = isBinary ? 2 : 1;
    let payload = data;
    let rsv1 = 0;

    if (compress && this._deflate) {
      payload = this._deflate.run(data, (bytes) => bytes);
      payload = payload.subarray(0, payload.length - 4);
      rsv1 = 0x40;
    }

    const size = Math.max(1, Math.ceil(payload.length / parts));
    let at = 0;
    let i = 0;

    do {
      const part = payload.subarray(at, at + size);

      at += part.length;
      this.frame(
        (i === 0 ? opcode | rsv1 : 0) | (at >= payload.length ? 0x80 : 0),
        part
      );
      i++;
    } while (at < payload.length);
  }

  _fault(text) {
    this._onfault(text);
    this.socket.destroy();
  }

  _read(data) {
    if (this.socket.destroyed) return;
    this._rest.push(data);
    this._length += data.length;

    if (!this.isOpen) {
      const all = Buffer.concat(this._rest);
      const end = all.indexOf(HEAD_END);

      if (end === -1) return;
      this._handshake(all.toString('latin1', 0, end));
      this._rest = [all.subarray(end + 4)];
      this._length = this._rest[0].length;
      this.bytesIn += this._length;
    } else {
      this.bytesIn += data.length;
    }

    this._frames();
  }

  _handshake(head) {
    this.isOpen = true;
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this._fault(`answer ${head.split('\r\n')[0]}`);
      return;
    }

    const line = /^sec-websocket-extensions: *(.*)$/im.exec(head);

    if (line !== null) {
      const text = line[1];
      const bits = (name) =>
        Number(
          new RegExp(`${name}_max_window_bits=(\\d+)`).exec(text)?.[1] ?? 15
        );

      this.extension = text;
      this._inflate = new Codec(
        zlib.inflateRawSync,
        bits('server'),
        text.includes('server_no_context_takeover')
      );
      this._deflate = new Codec(
        zlib.deflateRawSync,
        bits('client'),
        text.includes('client_no_context_takeover')
      );
    }

    this._open();
  }

  _frames() {
    if (this._length < 2) return;

    let all =
      this._rest.length === 1 ? this._rest[0] : Buffer.concat(this._rest);

    for (;;) {
      const frame = readFrame(all);

      if (typeof frame === 'string') return this._fault(frame);
      if (frame === null) break;
      all = all.subarray(frame.size);
      if (this.isFinished) return this._fault('a frame behind the close frame');
      this._frame(frame);
      if (this.socket.destroyed) return;
    }

    this._rest = [all];
    this._length = all.length;
  }

  _frame({ fin, opcode, payload, rsv1 }) {
    if (opcode >= 8) {
      if (rsv1) return this._fault('RSV1 of a control frame');
      if (opcode === 8) this.isFinished = true;
      this._onevent({
        data: payload,
        type: opcode === 9 ? 'ping' : opcode === 10 ? 'pong' : 'close'
      });
      return;
    }

    if (opcode === 0) {
      if (this._fragments === null) return this._fault('a stray continuation');
      if (rsv1) return this._fault('RSV1 of a continuation');
      this._fragments.payloads.push(payload);
    } else {
      if (this._fragments !== null) {
        return this._fault('a message within a fragmented one');
      }
      if (rsv1 && !this._inflate) return this._fault('RSV1 was not agreed on');
      this._fragments = { isBinary: opcode === 2, payloads: [payload], rsv1 };
    }

    if (!fin) return;

    const { isBinary, payloads, rsv1: isCompressed } = this._fragments;
    let data = Buffer.concat(payloads);

    this._fragments = null;

    if (isCompressed) {
      try {
        data = this._inflate.run(
          Buffer.concat([data, TAIL]),
          (_, bytes) => bytes
        );
      } catch (err) {
        return this._fault(`cannot be inflated: ${err.message}`);
      }
    }

    this._onevent({ data, isBinary, isCompressed, type: 'message' });
  }
}

/** @return {Object|String|null} The first frame; what is wrong with it; not all is there */
function readFrame(all) {
  if (all.length < 2) return null;

  const [first, second] = all;
  const opcode = first & 15;

  if ((first & 0x30) !== 0) return 'RSV2 or RSV3';
  if ((second & 0x80) !== 0) return 'a masked frame';
  if (opcode > 10 || (opcode > 2 && opcode < 8)) return `opcode ${opcode}`;
  if (opcode >= 8 && (second > 125 || first < 128)) {
    return 'a long control frame';
  }

  let at = 2;
  let length = second & 127;

  if (length === 126) {
    if (all.length < 4) return null;
    length = all.readUInt16BE(2);
    at = 4;
    if (length < 126) return 'a length in more bytes than needed';
  } else if (length === 127) {
    if (all.length < 10) return null;
    length = Number(all.readBigUInt64BE(2));
    at = 10;
    if (length < 65536) return 'a length in more bytes than needed';
  }

  if (all.length < at + length) return null;

  return {
    fin: first >= 128,
    opcode,
    payload: all.subarray(at, at + length),
    rsv1: (first & 0x40) !== 0,
    size: at + length
  };
}

module.exports = Peer;
