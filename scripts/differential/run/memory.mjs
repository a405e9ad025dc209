// Memory that a program owns: messages that it takes apart, payloads that it
// changes behind send().
import zlib from 'node:zlib';
import { payload } from '../random.mjs';
import { describeBytes } from './frame-codec.mjs';

/** What a message consists of, as views. */
function viewsOf(data) {
  if (ArrayBuffer.isView(data)) return [data];
  if (data instanceof ArrayBuffer) return [new Uint8Array(data)];
  return Array.isArray(data) ? data : [];
}

/**
 * Does to a message what a program may do to what it was given. The line says
 * what came out of it; where ws threw, anything may happen.
 */
export function takeMemory(end, how, data) {
  for (const view of viewsOf(data)) {
    try {
      take(end, how, view);
    } catch (err) {
      end.own(`${how} threw ${err.name}`);
    }
  }
}

function take(end, how, view) {
  const before = describeBytes(view);

  if (how === 'fill') {
    end.kept = end.kept.filter((entry) => entry.data !== view);
    view.fill(0xaa);
    end.own(`fill ${before}`);
    return;
  }
  if (how === 'clone') {
    keep(end, structuredClone(view), before);
    end.own(`clone ${before}`);
    return;
  }
  if (isShared(end, view.buffer)) {
    end.own(`${how} of a pool`);
    return;
  }
  end.taken.add(view.buffer);
  if (how === 'transfer') {
    keep(end, structuredClone(view, { transfer: [view.buffer] }), before);
    end.own(`transfer ${before}, left ${view.length}`);
    return;
  }
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(view);
    }
  });
  end.own(`enqueue ${before}, left ${view.length}`);
  end.run.waiting++;
  stream
    .getReader()
    .read()
    .then(({ value }) => {
      end.run.waiting--;
      end.own(`read ${describeBytes(value)}`);
      keep(end, value, before);
    });
}

/**
 * ws cuts some messages out of Node's pool, which Node 20 lets a byte stream take
 * away from everybody, and out of the memory that zlib goes on writing to: taking
 * that aborts the process.
 */
function isShared({ ws }, { byteLength }) {
  return (
    byteLength === Buffer.poolSize ||
    (ws.extensions !== '' && byteLength === zlib.constants.Z_DEFAULT_CHUNK)
  );
}

/** To be looked at again at the end: memory of the program's own. */
function keep(end, data, digest) {
  end.kept.push({ data, digest, buffer: data.buffer });
}

/**
 * Writes down messages that are not what they were when they came. Those that
 * shared a buffer with one that the same connection's listener took may be
 * empty.
 */
export function changedMessages(end) {
  const changed = end.kept.filter(
    ({ data, digest, buffer }) =>
      describeBytes(data) !== digest &&
      !(data.length === 0 && end.taken.has(buffer))
  );

  if (changed.length > 0) {
    end.rx(`CHANGED AFTERWARDS: ${changed.length} messages`);
  }
}

/** The bytes of what is given to send(); undefined if only time can tell. */
export function bytesOf(data) {
  if (data === undefined) return Buffer.alloc(0);
  if (typeof data === 'number') return Buffer.from(String(data));
  if (data instanceof Blob) return undefined;
  if (ArrayBuffer.isView(data)) {
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }
  return Buffer.from(data);
}

/** A payload in memory that can shrink. */
export function resizable(size, id) {
  const buffer = new ArrayBuffer(size, { maxByteLength: size + 1 });
  const view = new Uint8Array(buffer);

  view.set(payload('bytes', size, id));
  return view;
}

/** Does to a payload what its owner may do when send() has returned. */
export function changePayload(end, how, data) {
  const buffer = data instanceof ArrayBuffer ? data : data.buffer;

  try {
    if (how === 'fill') new Uint8Array(buffer).fill(0x55);
    else if (how === 'detach') structuredClone(buffer, { transfer: [buffer] });
    else if (buffer.resizable) buffer.resize(0);
  } catch (err) {
    end.own(`${how} of a payload threw ${err.name}`);
  }
}
