// What a program sees of a value, in a line.
import { createHash } from 'node:crypto';
import { types } from 'node:util';

/** Errors that V8 makes of code: their words are those of whoever wrote it. */
const OF_THE_ENGINE =
  /^(Cannot (read|set|destructure|convert|assign|define|delete|perform|add|mix|create|access|redefine)|.* is not (a function|iterable|defined|a constructor|an object|extensible|async iterable)|Method .* called on incompatible|Class constructor|Right-hand|Invalid (attempt|array length|typed)|object null is not|The .* argument must be of type object|Reduce of empty|Spread syntax|Receiver must be|Class extends|'\w+' (called|on proxy)|Object prototype may only|Private field|Function has non-object)/s;

/**
 * @param {*} value Anything
 * @param {Object} [run] Whose `names` (a Map) tells what objects are called
 * @param {Number} [depth] How far to look into it
 * @return {String} The same for the same, whatever package it came from
 */
export function describe(value, run, depth = 3) {
  const named = run?.names?.get(value);
  if (named !== undefined) return `<${named}>`;
  switch (typeof value) {
    case 'string':
      if (/^[+/\w]{22}==$/.test(value)) return '"a key"';
      return value.length > 200
        ? `string ${value.length} ${hash(Buffer.from(value))}`
        : JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return value.toString();
    case 'function':
      return `function ${safely(() => value.name)}/${safely(() => value.length)}`;
    case 'object':
      return value === null ? 'null' : object(value, run, depth);
    default:
      return String(value);
  }
}

function object(value, run, depth) {
  if (types.isProxy(value)) return 'a proxy';
  if (types.isNativeError(value)) return errorText(value, run);
  if (types.isAnyArrayBuffer(value)) {
    return `${className(value)} ${bytesText(new Uint8Array(value))}`;
  }
  if (ArrayBuffer.isView(value)) {
    return `${className(value)} ${bytesText(
      new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    )}`;
  }
  if (globalThis.Blob && value instanceof Blob) {
    return `${className(value)} ${value.size} ${JSON.stringify(value.type)}`;
  }
  const name = className(value);
  if (Array.isArray(value)) {
    if (depth === 0) return `Array(${value.length})`;
    return `[${value.map((each) => describe(each, run, depth - 1)).join(', ')}]`;
  }
  if (types.isSet(value)) {
    return `Set{${[...value].map((each) => describe(each, run, depth - 1))}}`;
  }
  if (types.isDate(value) || types.isRegExp(value)) {
    return `${name} ${String(value)}`;
  }
  if (types.isBoxedPrimitive(value)) return `${name} boxed`;
  if (depth === 0 || !PLAIN.has(name)) return `a ${name}`;
  const fields = Object.keys(value)
    .sort()
    .map(
      (key) =>
        `${key}: ${describe(
          safely(() => value[key]),
          run,
          depth - 1
        )}`
    );
  return `${name === 'Object' ? '' : `${name} `}{${fields.join(', ')}}`;
}

/** What is shown with its fields. */
const PLAIN = new Set([
  'Object',
  'null',
  'Event',
  'MessageEvent',
  'CloseEvent',
  'ErrorEvent'
]);

/** @return {String} What can be seen of an error, or of whatever else is thrown */
export function errorText(err, run) {
  if (!types.isNativeError(err)) return `thrown ${describe(err, run, 1)}`;
  const { message } = err;
  const fields = Object.getOwnPropertyNames(err)
    .filter(
      (name) => !['stack', 'message', 'errors', 'rawPacket'].includes(name)
    )
    .sort()
    .map(
      (name) => `${name}=${describe(err[name], run, 0).replace(/^"|"$/g, '')}`
    );
  const isOfEngine =
    err.code === undefined &&
    err.name === 'TypeError' &&
    OF_THE_ENGINE.test(message);
  return (
    `${className(err)} ${err.name}: ${isOfEngine ? '…' : message} ${fields}` +
    (err instanceof Error ? '' : ' of another realm')
  );
}

/** @return {String} Bytes, or their number and a hash */
export function bytesText(bytes) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length > 60
    ? `${bytes.length} ${hash(buffer)}`
    : `${bytes.length} ${buffer.toString('hex')}`;
}

function hash(bytes) {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 8);
}

function className(value) {
  const prototype = safely(() => Object.getPrototypeOf(value));
  return prototype === null
    ? 'null'
    : String(safely(() => prototype.constructor?.name) || 'nameless');
}

function safely(f) {
  try {
    return f();
  } catch (err) {
    return `throws ${err?.message}`;
  }
}
