// What a mode that the environment forces lets differ besides (docs/api.md).

/** The modes that this process and its workers are in. */
export const MODES = {
  /** I/O threads read and write for servers, and answer their pings. */
  threads: Number(process.env.WS_RS_IO_THREADS ?? 0) > 0,
  /** Servers with TLS have ours in place of Node's. */
  ownTls: process.env.WS_RS_TLS === 'forced'
};

const isFrame = (line) => /^(?:frame|ping|pong) /.test(line);
const isPong = (line) => line.startsWith('pong ');
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
    if (name.endsWith('b.wire') && isPongEarlier(theirs, mine)) return true;
    if (isReadAhead(name, theirs, mine, scenario)) return true;
    if (scenario.options?.maxPendingAutoPongs !== undefined) return true;
  }
  return (
    modes.ownTls &&
    scenario.transport === 'tls' &&
    /\.(?:look|odd)$/.test(name) &&
    isLessQueued(theirs, mine)
  );
}

/**
 * A thread answers a ping before JavaScript has sent what is to be compressed, or is
 * an answer to a message that came before it.
 */
function isPongEarlier(theirs, mine) {
  const others = (lines) => lines.filter((line) => !isPong(line)).join('\n');
  const pongs = (lines) => lines.filter(isPong);
  const [a, b] = [pongs(theirs), pongs(mine)];

  return (
    others(theirs) === others(mine) &&
    a.join('\n') === b.join('\n') &&
    a.every((_, i) => placeOf(mine, i) <= placeOf(theirs, i))
  );
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
function isReadAhead(name, theirs, mine, { atOnce, steps }) {
  const isReset = steps.some(
    (step) => step.op === 'atOnce' && step.end === 'rst'
  );

  if (!atOnce || !isReset) return false;
  if (!name.endsWith('a.rx')) return !name.endsWith('proc');
  const [a, b] = [theirs.filter(isData), mine.filter(isData)];

  return b.length > a.length && a.every((line, i) => line === b[i]);
}

/** Of what the system takes nothing is queued, where Node's TLS counts it for a turn. */
function isLessQueued(theirs, mine) {
  return (
    theirs.length === mine.length &&
    theirs.every(
      (line, i) =>
        line === mine[i] ||
        line.replaceAll(
          /(buffered|writableLength|bufferSize) some/g,
          '$1 0'
        ) === mine[i]
    )
  );
}
