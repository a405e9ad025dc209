'use strict';

/** Numbers that are the same for the same seed (mulberry32), and data made of them. */
class Random {
  constructor(seed) {
    this._state = seed >>> 0;
  }

  next() {
    this._state = (this._state + 0x6d2b79f5) >>> 0;

    let t = this._state;

    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `low` to `high`, both included. */
  int(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(part) {
    return this.next() < part;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** By weight: `{ name: weight }`. */
  weigh(weights) {
    let left =
      this.next() * Object.values(weights).reduce((sum, one) => sum + one, 0);

    for (const [name, weight] of Object.entries(weights)) {
      left -= weight;
      if (left < 0) return name;
    }
    return Object.keys(weights)[0];
  }

  length() {
    switch (
      this.weigh({ none: 1, short: 12, block: 6, medium: 6, lent: 2, long: 1 })
    ) {
      case 'none':
        return 0;
      case 'short':
        return this.int(1, 140);
      case 'block':
        return this.int(100, 2000);
      case 'medium':
        return this.int(2000, 17_000);
      case 'lent':
        return this.int(16_000, 70_000);
      default:
        return this.int(65_000, 300_000);
    }
  }

  /** Text of so many bytes at most, which begins with a number. */
  text(id, length) {
    const word = this.pick([
      'alpha ',
      'βήτα ',
      '測試',
      '🎈',
      'x',
      '{"name":"value"},'
    ]);
    const head = `#${id}:`;

    if (length === 0) return '';

    const count = Math.max(
      0,
      Math.floor((length - head.length) / Buffer.byteLength(word))
    );

    return head + word.repeat(count);
  }

  bytes(id, length) {
    if (this.chance(0.5)) return Buffer.from(this.text(id, length));

    const bytes = Buffer.alloc(length);
    let state = (id * 2654435761) >>> 0;

    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[i] = state >>> 24;
    }
    return bytes;
  }

  /** A message: what is sent, its bytes, whether it is text, and what makes it another one. */
  data(id) {
    const length = this.length();
    const none = () => {};

    if (this.chance(0.4)) {
      if (this.chance(0.1)) {
        return {
          bytes: Buffer.from(`${id}`),
          isText: true,
          spoil: none,
          value: id
        };
      }

      const value = this.text(id, length);

      return { bytes: Buffer.from(value), isText: true, spoil: none, value };
    }

    const bytes = this.bytes(id, length);
    const kind = this.pick([
      'buffer',
      'pooled',
      'array',
      'shared',
      'view',
      'words',
      'resizable',
      'sharedView'
    ]);
    const memory = memoryFor(kind, bytes);
    const { value, whole } = memory;

    return {
      bytes,
      isText: false,
      kind,
      resizable: memory.resizable,
      spoil: () => {
        if (whole.buffer.byteLength > 0) whole.fill(0xee);
      },
      value
    };
  }
}

function memoryFor(kind, bytes) {
  const { length } = bytes;

  if (kind === 'buffer') {
    const value = Buffer.from(bytes);

    return { value, whole: value };
  }
  if (kind === 'pooled') {
    const whole = new Uint8Array(length + 20);
    const value = Buffer.from(whole.buffer, 7, length);

    value.set(bytes);
    return { value, whole };
  }
  if (kind === 'array') {
    const whole = new Uint8Array(length);

    whole.set(bytes);
    return { value: whole.buffer, whole };
  }
  if (kind === 'shared') {
    const value = new SharedArrayBuffer(length);
    const whole = new Uint8Array(value);

    whole.set(bytes);
    return { value, whole };
  }
  if (kind === 'sharedView') {
    const whole = new Uint8Array(new SharedArrayBuffer(length + 5));

    whole.set(bytes, 3);
    return { value: new Uint8Array(whole.buffer, 3, length), whole };
  }
  if (kind === 'resizable') {
    const resizable = new ArrayBuffer(length, { maxByteLength: length + 10 });
    const whole = new Uint8Array(resizable);

    whole.set(bytes);
    return { resizable, value: whole, whole };
  }

  const whole = new Uint8Array(length + 16);

  if (kind === 'words' && length % 2 === 0) {
    whole.set(bytes, 6);
    return { value: new Uint16Array(whole.buffer, 6, length / 2), whole };
  }
  whole.set(bytes, 3);
  return { value: new DataView(whole.buffer, 3, length), whole };
}

module.exports = Random;
