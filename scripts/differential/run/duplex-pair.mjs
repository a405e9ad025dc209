import { Duplex } from 'node:stream';
import { rng } from '../random.mjs';
import { activity } from './trace.mjs';

/**
 * A pair of Duplex streams, wired to each other with pieces and delays. Each way
 * has chances of its own: how often one end writes, which need not be as with
 * ws, says nothing of how the other's bytes are cut.
 */
export function duplexPair(seed, slow) {
  class Side extends Duplex {
    constructor(chances) {
      super({ highWaterMark: 16384 });
      this.chances = chances;
      this.other = null;
      this._wants = null;
    }

    _read() {
      const wants = this._wants;
      this._wants = null;
      if (wants) wants();
    }

    _write(chunk, encoding, callback) {
      const { chances: r, other } = this;
      const step = chunk.length > 20000 ? 8000 : 700;
      let at = 0;
      const next = () => {
        activity.count++;
        if (at >= chunk.length || other.destroyed) return callback();
        const size = r.chance(0.3) ? r.int(1, 5) : r.int(1, step);
        const piece = Buffer.from(chunk.subarray(at, at + size));
        at += piece.length;
        const go = other.push(piece);
        const on = () => {
          if (slow && r.chance(0.3)) setImmediate(next);
          else process.nextTick(next);
        };
        if (go) on();
        else other._wants = on;
      };
      // Not at once: the answer would come while ws is still in its close().
      if (slow) setImmediate(next);
      else process.nextTick(next);
    }

    _final(callback) {
      const other = this.other;
      setImmediate(() => {
        if (!other.destroyed) other.push(null);
        callback();
      });
    }

    _destroy(err, callback) {
      const other = this.other;
      setImmediate(() => {
        if (!other.destroyed && !other.readableEnded) other.destroy();
      });
      const wants = this._wants;
      this._wants = null;
      if (wants) setImmediate(wants);
      callback(err);
    }
  }

  const a = new Side(rng(seed));
  const b = new Side(rng(seed + 1));
  a.other = b;
  b.other = a;
  return [a, b];
}
