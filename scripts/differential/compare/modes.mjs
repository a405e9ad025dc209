// What a mode that the environment forces lets differ besides (docs/api.md).
import { endsSomewhere } from './endings.mjs';

/** The modes that this process and its workers are in. */
export const MODES = {
  /** I/O threads read and write for servers, and answer their pings. */
  threads: Number(process.env.WS_RS_IO_THREADS ?? 0) > 0,
  /** Servers with TLS have ours in place of Node's; so has the server that is a peer. */
  ownTls: process.env.WS_RS_TLS === 'forced',
  /** No native wire; index.mjs is told by an option. */
  stream: false
};

/** What brings a connection to the stream wire for a while, or keeps it there. */
const STREAMING = /"what":"(?:cork|setTimeout|sock)|"op":"sockWrite"/;

const isFrame = (line) => /^(?:frame|ping|pong) /.test(line);
const isPong = (line) => line.startsWith('pong ');
const isAct = (line) => /^(?:cb|does|true|false) /.test(line);
const isData = (line) => /^(?:message|ping|pong) /.test(line);

/**
 * @param {String} name A stream
 * @param {String[]} theirs Its lines with ws
 * @param {String[]} mine Its lines with ws-rs
 * @param {Object} scenario
 * @param {Object} [modes=MODES]
 * @return {Boolean} Whether a mode that is forced explains the difference
 */
export function isOfMode(name, theirs, mine, scenario, modes = MODES) {
  if (modes.threads) {
    if (name.endsWith('b.wire') && isPongEarlier(theirs, mine, scenario)) {
      return true;
    }
    if (scenario.inside && isCalledLater(name, theirs, mine, scenario)) {
      return true;
    }
    if (isReset(scenario) && isReadAhead(name, theirs, mine)) return true;
    if (name.endsWith('.context') && isResumed(theirs, mine)) return true;
    if (scenario.options?.maxPendingAutoPongs !== undefined) return true;
  }
  if (scenario.inside && name.endsWith('.story')) {
    const isOnStream = modes.stream || STREAMING.test(JSON.stringify(scenario));

    if (isOnStream && isTickLater(theirs, mine)) return true;
  }
  return (
    modes.ownTls &&
    scenario.transport === 'tls' &&
    isWrittenAtOnce(name, theirs, mine, scenario)
  );
}

/**
 * A thread answers a ping before JavaScript has sent what is to be compressed, or is
 * an answer to a message that came before it, and before the program ends the connection.
 */
function isPongEarlier(theirs, mine, scenario) {
  const others = (lines) => lines.filter((line) => !isPong(line)).join('\n');
  const pongs = (lines) => lines.filter(isPong);
  const [a, b] = [pongs(theirs), pongs(mine)];
  const all = (list) => list.toSorted().join('\n');

  // A program's own pongs are among them.
  if (scenario.inside && all(theirs) === all(mine)) {
    return others(theirs) === others(mine);
  }

  return (
    others(theirs) === others(mine) &&
    (a.length === b.length ||
      (a.length < b.length && endsSomewhere(scenario))) &&
    a.every((line, i) => line === b[i]) &&
    a.every((_, i) => placeOf(mine, i) <= placeOf(theirs, i))
  );
}

/** Of a frame that was joined a stream calls back a tick later than with ws. */
function isTickLater(theirs, mine) {
  const events = (lines) => lines.filter((line) => !isAct(line)).join('\n');

  return (
    events(theirs) === events(mine) &&
    theirs.toSorted().join('\n') === mine.toSorted().join('\n')
  );
}

/** A callback comes when the thread has written; what is done in it comes then, too. */
function isCalledLater(name, theirs, mine, scenario) {
  if (JSON.stringify(scenario).includes('"cbDo"')) return name !== 'proc';
  const rest = (lines) =>
    lines.filter((line) => !line.startsWith('cb ')).join('\n');

  return name.endsWith('.story') && rest(theirs) === rest(mine);
}

/** How many other frames are before a pong. */
function placeOf(lines, number) {
  const frames = lines.filter(isFrame);
  let pongs = -1;
  const at = frames.findIndex((line) => isPong(line) && ++pongs === number);

  return at - number;
}

/**
 * A thread has read what came before a reset. Without threads the kernel has thrown
 * it away by the time that somebody looks.
 */
function isReset({ atOnce, steps }) {
  return (
    atOnce && steps.some((step) => step.op === 'atOnce' && step.end === 'rst')
  );
}

/**
 * Node's TLS hands out what came in records of their own record by record, and not what is
 * behind the one in whose listener the program ends the connection or pauses it.
 */
function isApart({ atOnce, steps }) {
  return (
    atOnce &&
    steps.some((step) => step.op === 'atOnce' && step.apart) &&
    /"op":"(?:terminate|pause)"|"what":"sock/.test(JSON.stringify(steps))
  );
}

function isReadAhead(name, theirs, mine) {
  if (!name.endsWith('a.rx')) return !name.endsWith('proc');
  const [a, b] = [theirs.filter(isData), mine.filter(isData)];

  return b.length > a.length && a.every((line, i) => line === b[i]);
}

/** What a thread has read ahead of a paused connection comes in the context of `resume()`. */
function isResumed(theirs, mine) {
  const rest = (lines) =>
    lines.map((line) => line.replace(/ in (?:none|resume)$/, '')).join('\n');

  return rest(theirs) === rest(mine);
}

/**
 * With TLS of our own what is sent is with the system when `send()` returns, as over TCP:
 * nothing is queued, or lost, that Node's TLS has for a turn.
 */
function isWrittenAtOnce(name, theirs, mine, scenario) {
  // So callbacks come earlier, and what is done in them.
  if (scenario.inside) return name !== 'proc';
  if (isReadInPieces(name, scenario)) return true;
  if (isApart(scenario) && isReadAhead(name, theirs, mine)) return true;
  // What the socket says of its queue.
  if (name.endsWith('.look')) return true;
  if (name.endsWith('.state')) {
    const calm = (lines) => lines.join('\n').replaceAll(' drained', '');

    return calm(theirs) === calm(mine);
  }
  if (name.endsWith('.odd')) {
    return (
      theirs.length === mine.length &&
      theirs.every(
        (line, i) =>
          line === mine[i] ||
          line.replace(' buffered some', ' buffered 0') === mine[i]
      )
    );
  }
  // Those that are written come before those that are refused.
  return name.endsWith('.cb') && isSooner(theirs.toSorted(), mine.toSorted());
}

/** Whether the end comes before what waits for its macrotask: a matter of 64 KiB. */
function isReadInPieces(name, { atOnce, options, steps }) {
  return (
    atOnce &&
    options?.allowSynchronousEvents === false &&
    /\.(?:story|events)$/.test(name) &&
    /"size":\d{5,}/.test(JSON.stringify(steps))
  );
}

function isSooner(theirs, mine) {
  const lost = / Error\/Error .*?( after close)?$/;

  return (
    theirs.length === mine.length &&
    theirs.every(
      (line, i) => line === mine[i] || line.replace(lost, ' ok$1') === mine[i]
    )
  );
}
