// What a raw peer does, step by step.
import tls from 'node:tls';
import { rng } from '../random.mjs';
import { sendAtOnce } from './send-at-once.mjs';
import { turn } from './trace.mjs';

/** Does one step of a scenario at an end that is a raw peer. */
export function rawStep(end, step) {
  const { socket } = end;
  switch (step.op) {
    case 'frames': {
      if (!socket || socket.destroyed || !socket.writable) return undefined;
      release(end);
      const bytes = end.encode(step.frames);
      return writeInPieces(end, bytes, step);
    }
    case 'hold': {
      // A part of it now, the rest when told.
      if (!socket || socket.destroyed || !socket.writable) return undefined;
      release(end);
      const bytes = end.encode(step.frames);
      const cut = Math.min(
        bytes.length,
        Math.max(1, step.bytes ?? Math.floor(bytes.length * step.part))
      );
      socket.write(bytes.subarray(0, cut));
      end.rest = bytes.subarray(cut);
      return undefined;
    }
    case 'release':
      release(end);
      return undefined;
    case 'partial': {
      if (!socket || socket.destroyed || !socket.writable) return undefined;
      release(end);
      const bytes = end.encode(step.frames);
      end.sentMessages.pop();
      socket.write(
        bytes.subarray(0, Math.max(1, Math.floor(bytes.length * step.part)))
      );
      return undefined;
    }
    case 'atOnce':
      return sendAtOnce(end, step);
    case 'pauseRead':
      end.paused = true;
      socket?.pause();
      return undefined;
    case 'resumeRead':
      end.paused = false;
      socket?.resume();
      return undefined;
    case 'fin':
      if (socket) release(end);
      if (socket && !socket.destroyed) socket.end();
      return undefined;
    case 'rst':
      if (socket && !socket.destroyed) {
        if (socket.resetAndDestroy && !(socket instanceof tls.TLSSocket)) {
          try {
            socket.resetAndDestroy();
          } catch {
            socket.destroy();
          }
        } else socket.destroy();
      }
      return undefined;
    case 'destroy':
      if (socket) socket.destroy();
      return undefined;
    case 'noAutoClose':
      end.autoClose = false;
      return undefined;
    default:
      throw new Error(`no such op for a raw end: ${step.op}`);
  }
}

/** Writes what is held back. */
export function release(end) {
  const { rest, socket } = end;
  end.rest = null;
  if (rest && rest.length > 0 && !socket.destroyed && socket.writable) {
    socket.write(rest);
  }
}

async function writeInPieces(end, bytes, step) {
  const { socket } = end;
  if (!step.split || bytes.length < 2) {
    socket.write(bytes);
    return;
  }
  const r = rng(step.split);
  const n = Math.min(step.pieces || 4, bytes.length - 1);
  const cuts = new Set();
  for (let i = 0; i < n; i++) {
    cuts.add(
      r.chance(0.5)
        ? r.int(1, Math.min(20, bytes.length - 1))
        : r.int(1, bytes.length - 1)
    );
  }
  let at = 0;
  const behind = [];

  // Nothing of its own accord in the midst of a frame.
  end.behindPieces = behind;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(bytes.subarray(at, cut));
    at = cut;
    if (at === bytes.length) {
      end.behindPieces = null;
      for (const act of behind) act();
    }
    await turn();
    if (r.chance(0.3)) await turn();
  }
  end.behindPieces = null;
}
