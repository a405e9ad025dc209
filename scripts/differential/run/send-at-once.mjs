// Frames, a part of the last one maybe, and an end or a reset right behind them.
import net from 'node:net';
import { Duplex } from 'node:stream';

/**
 * What a client's TLS speaks through: its records can be kept back, to go out
 * together, and cut.
 */
export class Through extends Duplex {
  /** @param {net.Socket} lower */
  constructor(lower) {
    super();
    this.lower = lower;
    this.kept = null;
    lower.on('data', (chunk) => this.push(chunk));
    lower.on('end', () => this.push(null));
    lower.on('close', () => this.destroy());
    lower.on('error', (err) => this.destroy(err));
  }

  _read() {}

  _write(chunk, encoding, callback) {
    if (this.kept === null) {
      this.lower.write(chunk, callback);
      return;
    }
    this.kept.push(chunk);
    callback();
  }

  _final(callback) {
    if (this.kept === null) this.lower.end(callback);
    else callback();
  }

  _destroy(err, callback) {
    this.lower.destroy();
    callback(err);
  }
}

/** Carries the step out; nothing is looked at before all of it is on its way. */
export async function sendAtOnce(end, step) {
  const { socket, through } = end;

  if (!socket || socket.destroyed || !socket.writable) return;

  const pieces = step.frames.map((frame) => end.encode([frame]));
  const lower = through?.lower ?? socket;
  let bytes = Buffer.concat(pieces);

  if (step.cut > 0 && /^[12]$/.test(step.frames.at(-1).op)) {
    end.sentMessages.pop();
  }
  if (through) bytes = await sealed(end, step.apart ? pieces : [bytes], step);
  if (step.cut > 0) {
    bytes = bytes.subarray(0, Math.max(0, bytes.length - step.cut));
  }

  if (step.end === 'fin') lower.end(bytes);
  else if (step.end === 'none') lower.write(bytes);
  else if (bytes.length === 0) reset(lower);
  else lower.write(bytes, () => reset(lower));
}

/** The records that pieces become. */
async function sealed({ socket, through }, pieces, { end, says }) {
  const kept = (through.kept = []);

  for (const piece of pieces) {
    if (piece.length === 0) continue;
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  if (end === 'fin' && says) {
    await new Promise((resolve) => socket.end(resolve));
  }
  through.kept = null;
  return Buffer.concat(kept);
}

function reset(socket) {
  try {
    if (socket instanceof net.Socket) socket.resetAndDestroy();
    else socket.destroy();
  } catch {
    // A Unix socket cannot be reset.
    socket.destroy();
  }
}
