// What ws-rs may do otherwise than ws because the kernel, Node's pool or the
// joining of frames decides. Each takes the lines of ws and those of ws-rs.
import { isDropping } from './endings.mjs';

const PART = 'a part of a frame';
const EMPTIED = 'data 0 da39a3ee';
/** A listener took a message's memory. */
const TOOK = /^(?:enqueue|transfer) .*, left 0$/;
/** Beyond this, in bytes, the kernel decides how much of it is taken. */
const MUCH = 100000;
/** By how many frames what the kernel takes may be less or more. */
const FEW = 4;

/** Where ws could not take memory, ws-rs may do either. */
export function isOwned(theirs, mine) {
  const able = (list) => list.filter((line) => !line.includes(' threw '));
  const left = able(mine);

  if ([...theirs, ...mine].some((line) => line.endsWith('of a pool'))) {
    return true;
  }
  return (
    theirs.length !== able(theirs).length &&
    able(theirs).every((line) => left.includes(line))
  );
}

/**
 * A message that a listener took is not there any more when a byte stream, or
 * a stream of messages, comes to emit it. Where ws could not take it, it is.
 * A byte stream that nobody read stops at the first that is empty, before its
 * 'end'; others of the connection that it holds may lie in the same memory.
 *
 * @param {String[]} theirs What ws emitted
 * @param {String[]} mine What ws-rs emitted
 * @param {String[]} owned What came of memory that was taken with ws
 * @param {String[]} ownedMine The same with ws-rs
 */
export function isTaken(theirs, mine, owned, ownedMine) {
  const left = (lines) =>
    lines.filter((line) => / threw |of a pool$/.test(line)).length;
  let missing = 0;
  let at = 0;

  if ([...owned, ...ownedMine].some((line) => TOOK.test(line))) {
    // All bytes of an iteration are one line.
    const isSure = (line) => !/^(?:end|close|iterated .*)$/.test(line);
    const text = (lines) => lines.filter(isSure).join('\n');

    if (text(theirs) === text(mine)) return true;
  }

  for (const line of theirs) {
    if (line === mine[at]) at++;
    else if (!line.startsWith('data ')) return false;
    else {
      missing++;
      // In object mode the stream emits what is left.
      if (mine[at] === EMPTIED) at++;
    }
  }
  return (
    at === mine.length &&
    missing > 0 &&
    missing <= left(owned) - left(ownedMine)
  );
}

/**
 * How much of what was under way is written before a connection is destroyed
 * depends on the kernel. ws-rs may have written more than ws, and nothing else;
 * less only of what is more than a socket's buffer.
 */
export function isWritten(theirs, mine, scenario) {
  const whole = theirs.filter((line) => line !== PART);
  const own = mine.filter((line) => line !== PART);
  const least = sendsMuch(scenario) ? whole.length - FEW : whole.length;

  if (theirs.length === whole.length || own.length < least) return false;
  return whole.slice(0, own.length).every((line, i) => line === own[i]);
}

/** The same, seen by callbacks: where success turns into an error. */
export function isCalledBack(theirs, mine, scenario) {
  if (!sendsMuch(scenario) || theirs.length !== mine.length) return false;
  const differ = (line, i) => line !== mine[i];
  const from = theirs.findIndex(differ);
  const to = theirs.findLastIndex(differ) + 1;
  const isOk = (line) => / ok( after close)?$/.test(line);
  const idOf = (line) => line.split(' ')[0];
  // What is sent behind the end is refused at once, before what was under way.
  const late = sentBehindEnd(scenario);
  const isDropped = (line) =>
    line.includes(' ERR_STREAM_DESTROYED ') && !late.has(idOf(line));
  const [a, b] = [theirs.slice(from, to), mine.slice(from, to)];

  return (
    a.every((line, i) => idOf(line) === idOf(b[i])) &&
    ((a.every(isOk) && b.every(isDropped)) ||
      (a.every(isDropped) && b.every(isOk))) &&
    !theirs.slice(0, from).some(isDropped) &&
    !theirs.slice(to).some(isOk)
  );
}

/** @return {Set<String>} Ids of what is sent behind an end of this side */
function sentBehindEnd({ steps }) {
  const ended = new Set();
  const ids = new Set();

  for (const step of steps) {
    if (step.e !== 'a') continue;
    if (ended.has(step.c)) ids.add(String(step.id));
    if (isDropping(step)) ended.add(step.c);
  }
  return ids;
}

/**
 * Over TLS, behind a write that has just failed, Node still takes one that is
 * corked and never hears of it: ws says that it was written, or was canceled
 * (docs/api.md). ws-rs says why it was not.
 */
export function isBehindFailed(theirs, mine, { transport }) {
  const at = theirs.findIndex((line, i) => line !== mine[i]);
  const failed = /^(\S+) Error\/Error (EPIPE|ECONNRESET) write \2$/.exec(
    mine[at]
  );

  return (
    transport === 'tls' &&
    failed !== null &&
    [
      `${failed[1]} ok`,
      `${failed[1]} Error/Error ECANCELED write ECANCELED`
    ].includes(theirs[at]) &&
    theirs.slice(at + 1).join('\n') === mine.slice(at + 1).join('\n')
  );
}

/**
 * Node's TLS has each write take a turn. What ws writes behind the first of a tick is lost
 * with a connection that is destroyed in that tick; what ws-rs has joined with it is not
 * (docs/api.md).
 */
export function isJoined(name, theirs, mine, { transport }) {
  if (transport !== 'tls') return false;
  if (name.endsWith('.wire')) {
    return (
      mine.length > theirs.length && theirs.every((line, i) => line === mine[i])
    );
  }
  return (
    name.endsWith('.cb') &&
    theirs.length === mine.length &&
    theirs.every((line, i) => {
      const lost = / Error\/Error ERR_STREAM_DESTROYED .*?( after close)?$/;

      return line === mine[i] || line.replace(lost, ' ok$1') === mine[i];
    })
  );
}

/**
 * A Duplex in memory takes time for each chunk. ws writes a frame in two of
 * them and loses the second where ws-rs writes it in one; what has got through
 * when the Duplex is destroyed says nothing.
 */
export function isCutOff(name, theirs, mine) {
  const idOf = (line) => line.split(' ')[0];
  const isThere = (line) => !line.includes('NEVER');
  const idsOf = (list) => list.filter(isThere).map(idOf).sort().join();
  const isData = (line) => /^(frame|ping|pong|message) /.test(line);

  if (name.endsWith('.cb')) return idsOf(theirs) === idsOf(mine);
  if (name.endsWith('.wire') || name.endsWith('.rx')) {
    const [a, b] = [theirs.filter(isData), mine.filter(isData)];
    const both = Math.min(a.length, b.length);
    return a.slice(0, both).every((line, i) => line === b[i]);
  }
  return /\.(context|socket|state|tcp)$/.test(name);
}

/**
 * After an invalid text ws reads on until its 'error' comes, and takes the next
 * bytes, whatever they are, for one more message. A raw peer knows that it sent
 * no such thing.
 *
 * @param {String[]} lines What ws emitted
 * @param {String[]} [sent] What its raw peer sent: one line of JSON
 * @return {String[]} The lines without that message
 */
export function withoutMadeUp(lines, sent) {
  const at = lines.findIndex((line) => line.startsWith('error ')) - 1;

  if (sent === undefined || !lines[at]?.startsWith('message ')) return lines;
  const isSent = JSON.parse(sent[0]).some((message) =>
    lines[at].startsWith(`message ${message}`)
  );
  return isSent ? lines : lines.toSpliced(at, 1);
}

/**
 * A program that sends itself a signal has no end of the tick: what was joined
 * with the frame before it may be lost. TLS of our own has written what Node's
 * is yet to write then.
 */
export function isKilled(theirs, mine, { steps, transport }) {
  const sends = steps.filter((step) => 'fresh' in step);
  const joined = sends.length - 1 - sends.findLastIndex((step) => step.fresh);
  const isMore = transport === 'tls' && mine.length > theirs.length;
  const [less, more] = isMore ? [theirs, mine] : [mine, theirs];

  return (
    steps.at(-1).how === 'kill' &&
    (isMore || theirs.length - mine.length <= joined) &&
    less.every((line, i) => line === more[i])
  );
}

/** Whether something is sent that may not fit into a socket's buffer. */
export function sendsMuch({ conns, steps }) {
  const sizes = JSON.stringify([conns, steps]).matchAll(
    /"sizes?":\[?((?:\d+,?)+)/g
  );
  return [...sizes].some(([, list]) =>
    list.split(',').some((size) => Number(size) >= MUCH)
  );
}
