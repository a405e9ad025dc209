'use strict';

/**
 * Runs the tests of the JS side, `__test__/**\/*.test.js`, with `node --test`.
 *
 *   npm run test:node -- [node flags] [files] [--once] [--no-matrices] [--no-tools]
 *
 * Without files: all of them but those of the browser. They run twice: with the
 * transports that connections choose by themselves, and with the stream
 * transport forced; those that have no connections, or want the loop transport,
 * run once. Those of the loop transport run again with all connections accepted by
 * Node. `WS_RS_TRANSPORT=loop npm run test:node` runs all of them once, so.
 *
 *   --once         not again with the stream transport, nor accepted by Node
 *   --no-matrices  not again what goes through all states of a connection, or of
 *                  the protocol: conformance, endings and faults
 *   --no-tools     none of the tests of this checkout's own tools, which are the
 *                  same on every Node
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ROOT, run } = require('./run');
const { testFiles, TOOLS, wantsAcceptByNode } = require('./test-files');

const FOLDER = path.join(ROOT, '__test__');
// For each test, to turn a hang into a failure that says where.
const TIMEOUT = 300_000 * Number(process.env.WS_RS_TEST_SLOWNESS ?? 1);

/** Tests of what is the same on every transport, or choose it: most open no connections. */
const ONCE = [
  ...TOOLS,
  ...[
    'accept/light-request',
    'accept/native-accept',
    'accept/requests',
    'accept/tls-accept',
    'accept/tls-certificates',
    'accept/tls-contexts',
    'accept/tls-sni',
    'accept/tls-throwing',
    'accept/tls-touched',
    'adapters/broadcast-channel',
    'adapters/clients',
    'adapters/docs',
    'adapters/names',
    'api/buffer-util',
    'api/event-target',
    'api/topics-listen',
    'browser',
    'compression/idle-sweep',
    'compression/limiter',
    'compression/negotiation',
    'compression/permessage-deflate',
    'compression/zlib-options',
    'connection/binary-form',
    'connection/chunk',
    'connection/decoder',
    'connection/event-dispatcher',
    'connection/loop-listeners',
    'connection/message-event',
    'connection/payload',
    'connection/receiver',
    'connection/sender',
    'connection/socket-listeners',
    'constants',
    'ecosystem/bundlers',
    'ecosystem/next',
    'ecosystem/runtimes',
    'ecosystem/vitest',
    'endings/duplex',
    'endings/own-tls',
    'endings/tcp',
    'endings/tcp-stream',
    'endings/tls',
    'examples',
    'examples-chat',
    'fanout/envelope',
    'fanout/interest',
    'faults/compress',
    'handshake/client-arguments',
    'handshake/client-url',
    'handshake/extension',
    'handshake/header-scanner',
    'handshake/subprotocol',
    'index',
    'integration/tls-openssl',
    'native/cache',
    'native/errors',
    'native/event-rows',
    'native/index',
    'native/literals',
    'native/loader',
    'native/no-binary-error',
    'native/numbers',
    'samples',
    'scaling/chat',
    'scaling/cluster',
    'scaling/limits',
    'scaling/messages',
    'scaling/outages',
    'scaling/types',
    'threads/exchange',
    'threads/lifetime',
    'threads/options',
    'threads/patched-sender',
    'threads/pings',
    'threads/pressure',
    'validation',
    'wire/behind-frames',
    'wire/errors',
    'wire/light-socket',
    'wire/materialize',
    'wire/send-callbacks',
    'wire/slot',
    'wire/taken-handle',
    'wire/taken-socket',
    'wire/tick',
    'wire/tls-socket',
    'wire/tls-unread',
    'wire/trace',
    'wrapper'
  ].map((name) => path.join(FOLDER, `${name}.test.js`))
];
/** Tests of the loop transport itself. */
const LOOP = path.join(FOLDER, 'wire', 'loop-');

const MATRICES = ['conformance', 'endings', 'faults'];

const OWN_FLAGS = ['--once', '--no-matrices', '--no-tools'];
const args = process.argv.slice(2);
const flags = args.filter(
  (arg) => arg.startsWith('-') && !OWN_FLAGS.includes(arg)
);
const chosen = args.filter((arg) => !arg.startsWith('-'));
const absent = chosen.filter((file) => !fs.existsSync(file));

if (absent.length > 0) {
  console.error(
    `test-node: no such file: ${absent.join(', ')} (write the value of a ` +
      'flag as --flag=value)'
  );
  process.exitCode = 1;
} else {
  const files =
    chosen.length > 0
      ? chosen.map((file) => path.resolve(file))
      : testFiles().filter(
          (file) => !(args.includes('--no-tools') && TOOLS.includes(file))
        );
  const forced = process.env.WS_RS_TRANSPORT;

  if (forced) {
    process.exitCode = runTests(files, forced);
  } else {
    const rest = args.includes('--once')
      ? []
      : files.filter(
          (file) => !(args.includes('--no-matrices') && isMatrix(file))
        );
    const again = rest.filter(
      (file) => !ONCE.includes(file) && !file.startsWith(LOOP)
    );
    const byNode = rest.filter(wantsAcceptByNode);
    const codes = [runTests(files)];

    if (again.length > 0) codes.push(runTests(again, 'stream'));
    if (byNode.length > 0 && process.env.WS_RS_ACCEPT !== 'node') {
      process.env.WS_RS_ACCEPT = 'node';
      codes.push(runTests(byNode));
    }
    process.exitCode = codes.find((code) => code !== 0) ?? 0;
  }
}

function isMatrix(file) {
  const [folder] = path.relative(FOLDER, file).split(path.sep);

  return MATRICES.includes(folder);
}

/** Runs test files; returns the exit code. */
function runTests(files, transport) {
  const env = { ...process.env };
  const defaults = [
    '--test-reporter=spec',
    // By itself it leaves a core to others. Tests wait for timers and processes
    // for a fifth of the time: one file more keeps all cores busy.
    `--test-concurrency=${os.availableParallelism() + 1}`
  ].filter((flag) => !flags.some((own) => own.startsWith(flag.split('=')[0])));

  if (transport) env.WS_RS_TRANSPORT = transport;
  else delete env.WS_RS_TRANSPORT;

  console.log(
    `\ntest-node: ${files.length} files, ${
      transport ? `transport ${transport} forced` : 'transports as by default'
    }${env.WS_RS_ACCEPT ? `, accepted by ${env.WS_RS_ACCEPT}` : ''}\n`
  );
  return run(
    process.execPath,
    ['--test', `--test-timeout=${TIMEOUT}`, ...defaults, ...flags, ...files],
    { cwd: process.cwd(), env }
  );
}
