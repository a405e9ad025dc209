// What both halves of the handshake fuzzer write down, and how.
import { setTimeout as sleepFor } from 'node:timers/promises';

export const sleep = (ms) => sleepFor(ms);
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What is written down of one scenario. */
export class Trace {
  constructor() {
    this.streams = {};
    this.last = performance.now();
    /** What stands for ports and paths that differ from run to run. */
    this.names = [];
  }

  touch() {
    this.last = performance.now();
  }

  add(stream, line) {
    this.touch();
    const list = (this.streams[stream] ??= []);
    if (list.length < 400) list.push(this.clean(line));
  }

  clean(text) {
    let line = String(text);
    for (const [from, to] of this.names) line = line.replaceAll(from, to);
    return line;
  }

  /**
   * Until nothing has happened for so many ms. What counts is how often the event
   * loop came round: a process that had no CPU for a while has seen nothing yet.
   */
  async rest(ms, most = 1500) {
    const begun = performance.now();
    let quiet = 0;
    while (quiet < ms / 2 && performance.now() - begun < most) {
      const { last } = this;
      await sleep(2);
      await turn();
      quiet = this.last === last ? quiet + 1 : 0;
    }
  }
}

/** @return {String} An error, in what a program can see of it */
export function errorText(err) {
  if (!(err instanceof Error)) return `thrown ${typeof err} ${String(err)}`;
  const extra = ['code', 'errno', 'syscall', 'port', 'address', 'reason']
    .filter((name) => err[name] !== undefined)
    .map((name) => `${name}=${String(err[name])}`);
  const cause = err.errors ? ` [${err.errors.map(errorText).join('; ')}]` : '';
  const message = err.message.replace(/^(?:\w+\.)+(\w+ is not a)/, '$1');
  return `${err.name}: ${message} ${extra.join(' ')}${cause}`;
}

/** @return {String} Bytes as a line that can be read */
export function bytesText(bytes) {
  const text = Buffer.isBuffer(bytes) ? bytes.toString('latin1') : bytes;
  const line = text
    .replace(/\r\nDate: [^\r]*/g, '\r\nDate: now')
    .replace(/[^\x20-\x7e]/g, (c) =>
      c === '\r'
        ? '\\r'
        : c === '\n'
          ? '\\n'
          : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
    );
  return line.length > 3000 ? `${line.slice(0, 3000)}… ${line.length}` : line;
}

/** @return {Buffer[]} The pieces that bytes are sent in */
export function pieces(bytes, split) {
  if (split === 'bytes') {
    return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  }
  const at = [...(split ?? [])].filter((n) => n > 0 && n < bytes.length);
  at.sort((a, b) => a - b);
  const list = [];
  let from = 0;
  for (const to of [...new Set(at), bytes.length]) {
    list.push(bytes.subarray(from, to));
    from = to;
  }
  return list;
}

/** Frames of a client, unmasked, in words. */
export class FrameReader {
  constructor(onFrame) {
    this.bytes = Buffer.alloc(0);
    this.onFrame = onFrame;
  }

  push(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    for (;;) {
      const b = this.bytes;
      if (b.length < 2) return;
      let length = b[1] & 127;
      let at = 2;
      if (length === 126) {
        if (b.length < 4) return;
        length = b.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (b.length < 10) return;
        length = Number(b.readBigUInt64BE(2));
        at = 10;
      }
      const mask = b[1] & 128 ? b.subarray(at, at + 4) : null;
      if (mask) at += 4;
      if (b.length < at + length) return;
      const data = Buffer.from(b.subarray(at, at + length));
      if (mask) for (let i = 0; i < length; i++) data[i] ^= mask[i & 3];
      this.onFrame(
        `${b[0].toString(16)} ${mask ? 'masked' : 'bare'} ${length} ` +
          (b[0] & 0x40 ? 'compressed' : data.toString('latin1').slice(0, 80))
      );
      this.bytes = b.subarray(at + length);
    }
  }
}
