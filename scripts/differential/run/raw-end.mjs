// The neutral peer: speaks WebSocket over any Duplex with a frame codec of its own.
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import { payload } from '../random.mjs';
import { describeBytes, encodeFrame } from './frame-codec.mjs';
import { violation } from './violations.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TAIL = Buffer.from([0, 0, 255, 255]);

export class RawEnd {
  constructor(run, name, role, deflate = null) {
    this.run = run;
    this.name = name;
    this.role = role; // of this end: 'client' or 'server'
    this.wantsDeflate = deflate;
    this.deflate = null;
    this.socket = null;
    this.isOpen = false;
    this.closed = false;
    this.paused = false;
    this.autoClose = true;
    /** What is to be done behind frames that are being written in pieces. */
    this.behindPieces = null;
    this.buffered = [];
    this.bufferedLength = 0;
    this.outWindow = Buffer.alloc(0);
    this.inWindow = Buffer.alloc(0);
    this.inFragments = null;
    this.sentMessages = [];
    this.opened = new Promise((resolve) => (this._opened = resolve));
  }

  log(line) {
    this.onLine?.();
    this.run.trace.add(`${this.name}.wire`, line);
  }

  end(line) {
    this.run.trace.add(`${this.name}.tcp`, line);
  }

  listen(socket) {
    this.socket = socket;
    // Else the second piece of a frame waits for the ACK of the first.
    socket.setNoDelay?.(true);
    socket.on('data', (chunk) => {
      this.run.touch();
      if (this.isOpen) this._push(chunk);
      else this._handshake(chunk);
    });
    socket.on('error', (err) => this.end(`error ${err.code}`));
    socket.on('end', () => {
      this.end('FIN');
      if (this.onFin) this.onFin();
    });
    socket.on('close', () => {
      this.closed = true;
      if (this.bufferedLength > 0) this.log('a part of a frame');
      this.run.touch();
      this._opened();
    });
  }

  /** Client: asks for the upgrade; `behind` follows in the same write. */
  request(behind) {
    let offer = '';
    if (this.wantsDeflate) {
      offer =
        'Sec-WebSocket-Extensions: permessage-deflate' +
        (this.wantsDeflate.clientNo ? '; client_no_context_takeover' : '') +
        (this.wantsDeflate.serverNo ? '; server_no_context_takeover' : '') +
        '\r\n';
    }
    const text =
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
      offer +
      '\r\n';
    if (behind && !this.wantsDeflate) {
      this.socket.write(Buffer.concat([Buffer.from(text), behind()]));
    } else {
      this.behind = behind;
      this.socket.write(text);
    }
  }

  _handshake(chunk) {
    this.buffered.push(chunk);
    const all = Buffer.concat(this.buffered);
    const at = all.indexOf('\r\n\r\n');
    if (at < 0) return;
    const text = all.toString('latin1', 0, at);
    const rest = all.subarray(at + 4);
    this.buffered = [];
    const header = (name) =>
      (new RegExp(`^${name}: *(.*)$`, 'im').exec(text) || [])[1];
    const extensions = (header('Sec-WebSocket-Extensions') || '').trim();
    this.isOpen = true;

    if (this.role === 'client') {
      const status = /^HTTP\/1\.1 (\d+)/.exec(text)[1];
      if (status !== '101') this.end(`status ${status}`);
      if (extensions.startsWith('permessage-deflate')) {
        this.deflate = {
          outNo: extensions.includes('client_no_context_takeover'),
          inNo: extensions.includes('server_no_context_takeover')
        };
      }
      this.end(`extensions ${extensions}`);
      if (this.behind) this.socket.write(this.behind());
    } else {
      const accept = createHash('sha1')
        .update(header('Sec-WebSocket-Key').trim() + GUID)
        .digest('base64');
      let answer =
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n`;
      this.end(`offers ${extensions}`);
      if (this.wantsDeflate && extensions.startsWith('permessage-deflate')) {
        const clientNo =
          this.wantsDeflate.clientNo ||
          extensions.includes('client_no_context_takeover');
        const serverNo =
          this.wantsDeflate.serverNo ||
          extensions.includes('server_no_context_takeover');
        answer +=
          'Sec-WebSocket-Extensions: permessage-deflate' +
          (clientNo ? '; client_no_context_takeover' : '') +
          (serverNo ? '; server_no_context_takeover' : '') +
          '\r\n';
        this.deflate = { outNo: serverNo, inNo: clientNo };
      }
      answer += '\r\n';
      const behind = this.behind;
      this.socket.write(
        behind ? Buffer.concat([Buffer.from(answer), behind()]) : answer
      );
    }

    this._opened();
    if (rest.length > 0) this._push(rest);
  }

  _answerClose(body) {
    const { socket } = this;
    const isServer = this.role === 'server';

    if (socket.destroyed || !socket.writable) return;
    if (this.autoClose && !this.sentClose) {
      this.sentClose = true;
      socket.write(encodeFrame({ op: 8, body, mask: !isServer }));
      if (isServer) socket.end();
    } else if (this.sentClose && isServer) {
      socket.end();
    }
  }

  _push(chunk) {
    this.buffered.push(chunk);
    this.bufferedLength += chunk.length;

    for (;;) {
      const need = this._need();
      if (need === 0 || this.bufferedLength < need) return;
      const all =
        this.buffered.length === 1
          ? this.buffered[0]
          : Buffer.concat(this.buffered);
      this.buffered = [all];
      const again = this._need();
      if (again === 0 || this.bufferedLength < again) return;
      const frame = all.subarray(0, again);
      this.buffered = again < all.length ? [all.subarray(again)] : [];
      this.bufferedLength -= again;
      this._frame(frame);
    }
  }

  /** How many bytes the frame has whose header is buffered; 0 if not known. */
  _need() {
    if (this.bufferedLength < 2) return 0;
    let all = this.buffered[0];
    if (all.length < Math.min(14, this.bufferedLength)) {
      all = Buffer.concat(this.buffered);
      this.buffered = [all];
    }
    const length = all[1] & 127;
    const mask = all[1] & 128 ? 4 : 0;
    if (length === 126) {
      if (all.length < 4) return 0;
      return 4 + mask + all.readUInt16BE(2);
    }
    if (length === 127) {
      if (all.length < 10) return 0;
      return 10 + mask + Number(all.readBigUInt64BE(2));
    }
    return 2 + mask + length;
  }

  _frame(frame) {
    const fin = (frame[0] & 128) !== 0;
    const rsv = (frame[0] >> 4) & 7;
    const op = frame[0] & 15;
    const masked = (frame[1] & 128) !== 0;
    const l7 = frame[1] & 127;
    const at = l7 === 126 ? 4 : l7 === 127 ? 10 : 2;
    let body = frame.subarray(masked ? at + 4 : at);
    if (masked) {
      const key = frame.subarray(at, at + 4);
      const plain = Buffer.allocUnsafe(body.length);
      for (let i = 0; i < body.length; i++) plain[i] = body[i] ^ key[i & 3];
      body = plain;
    }
    const m =
      masked === (this.role === 'server')
        ? ''
        : masked
          ? ' MASKED'
          : ' UNMASKED';

    if (op === 8) {
      const code = body.length >= 2 ? body.readUInt16BE(0) : 1005;
      this.log(`close ${code} ${JSON.stringify(body.toString('utf8', 2))}${m}`);
      this.gotClose = true;
      if (this.behindPieces === null) this._answerClose(body);
      else this.behindPieces.push(() => this._answerClose(body));
      return;
    }
    if (op >= 9) {
      this.log(
        `${op === 9 ? 'ping' : op === 10 ? 'pong' : `op${op}`}${rsv ? ` rsv${rsv}` : ''}${fin ? '' : ' NOFIN'} ${describeBytes(body)}${m}`
      );
      return;
    }
    if (op !== 0 && rsv & 4) this.inFragments = [];
    // What a program writes to the socket itself may be between fragments.
    if (this.inFragments !== null && (op === 0 || rsv & 4)) {
      this.inFragments.push(body);
      if (!fin) {
        this.log(`frame op${op} rsv${rsv} part compressed${m}`);
        return;
      }
      const packed = Buffer.concat([...this.inFragments, TAIL]);
      this.inFragments = null;
      try {
        const plain = zlib.inflateRawSync(packed, {
          finishFlush: zlib.constants.Z_SYNC_FLUSH,
          ...(this.inWindow.length > 0 ? { dictionary: this.inWindow } : {})
        });
        if (this.deflate && !this.deflate.inNo) {
          this.inWindow = Buffer.concat([this.inWindow, plain]).subarray(
            -32768
          );
        }
        this.log(
          `frame op${op} rsv${rsv} fin inflated ${describeBytes(plain)}${m}`
        );
      } catch (err) {
        this.log(`frame op${op} rsv${rsv} fin CANNOT INFLATE ${err.code}`);
      }
      return;
    }
    this.log(
      `frame op${op} rsv${rsv}${fin ? ' fin' : ' part'} ${describeBytes(body)}${m}`
    );
  }

  // Sending.

  /** The bytes of a list of frame descriptions. */
  encode(frames) {
    const mask = this.role === 'client';
    const out = [];

    for (const f of frames) {
      if (f.close !== undefined) {
        const reason = Buffer.from(f.reason || '');
        const body = Buffer.alloc(f.close ? 2 + reason.length : 0);
        if (f.close) {
          body.writeUInt16BE(f.close, 0);
          reason.copy(body, 2);
        }
        this.sentClose = true;
        out.push(encodeFrame({ op: 8, body, mask }));
      } else if (f.hex !== undefined) {
        out.push(Buffer.from(f.hex, 'hex'));
      } else if (f.bad !== undefined) {
        out.push(violation(f, mask));
      } else if (f.op >= 8) {
        out.push(
          encodeFrame({ op: f.op, body: payload('text', f.size, f.id), mask })
        );
      } else {
        // A message, in `parts` frames.
        let body = payload(
          f.kind || (f.op === 1 ? 'text' : 'bytes'),
          f.size,
          f.id
        );
        this.sentMessages.push(
          `${f.op === 1 ? 'text' : 'bin'} ${describeBytes(body)}`
        );
        const compressed = this.deflate !== null && f.compress;
        if (compressed) {
          const dictionary =
            this.outWindow.length > 0 ? { dictionary: this.outWindow } : {};
          const packed = zlib.deflateRawSync(body, {
            finishFlush: zlib.constants.Z_SYNC_FLUSH,
            ...dictionary
          });
          if (!this.deflate.outNo) {
            this.outWindow = Buffer.concat([this.outWindow, body]).subarray(
              -32768
            );
          }
          body = packed.subarray(0, packed.length - 4);
        }
        const parts = Math.max(1, f.parts || 1);
        for (let i = 0; i < parts; i++) {
          const from = Math.floor((body.length * i) / parts);
          const to = Math.floor((body.length * (i + 1)) / parts);
          out.push(
            encodeFrame({
              fin: i === parts - 1 && !f.open,
              rsv: compressed && i === 0 ? 4 : 0,
              op: i === 0 ? f.op : 0,
              body: body.subarray(from, to),
              mask
            })
          );
          if (f.between && i < parts - 1) {
            out.push(
              encodeFrame({ op: 9, body: payload('text', 5, f.id + i), mask })
            );
          }
        }
      }
    }
    return Buffer.concat(out);
  }
}
