'use strict';

/**
 * How many times longer than here things may take, where a test has to give up
 * at some time: emulated machines are slow. `npm run test:platforms` sets it.
 */
const SLOWNESS = Number(process.env.WS_RS_TEST_SLOWNESS ?? 1);

/** Whether Windows is Wine, which `npm run test:platforms` says. */
const isWine = process.env.WS_RS_TEST_MACHINE === 'wine';

/** Whether the processor is emulated: what takes microseconds takes a millisecond. */
const isEmulated = process.env.WS_RS_TEST_MACHINE === 'qemu';

/** Why the memory of the process cannot be measured, or `false`. */
const noMemoryUsage =
  process.memoryUsage.rss() === 0 &&
  'qemu tells programs that they use no memory';

/** Why memory that is freed does not show as such, or `false`. */
const noMemoryBack =
  noMemoryUsage ||
  (isWine && "Wine's heap keeps much of what is freed between other blocks");

/** Why undici, and so Node's own fetch() and WebSocket, cannot be used, or `false`. */
const noUndici =
  isWine && 'undici, which fetch() is of, connects to nobody under Wine';

/** Why a server cannot be given a socket that is still connecting, or `false`. */
const noConnectingSocket =
  isWine &&
  "such a socket has no 'connect' under Wine and reads one request alone, of ws as well";

module.exports = {
  SLOWNESS,
  isEmulated,
  isWine,
  noConnectingSocket,
  noMemoryBack,
  noMemoryUsage,
  noUndici
};
