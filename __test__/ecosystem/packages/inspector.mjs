// chrome-remote-interface, with the inspector of another Node: a client of a
// server that is not ours, with messages of some megabytes.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import CDP from 'chrome-remote-interface';

import { once, say } from './help.mjs';

const program = spawn(
  process.execPath,
  ['--inspect=127.0.0.1:0', '-e', 'setInterval(() => {}, 1000)'],
  {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe']
  }
);
const [line] = await once(createInterface({ input: program.stderr }), 'line');
const port = Number(/:(\d+)\//.exec(line)[1]);
const client = await CDP({ host: '127.0.0.1', port });
const { Console, Debugger, HeapProfiler, Runtime } = client;

async function evaluate(expression) {
  const { result, exceptionDetails } = await Runtime.evaluate({
    expression,
    returnByValue: true
  });

  return exceptionDetails?.text ?? result.value;
}

await Runtime.enable();
say('one', await evaluate('6 * 7'));
say('error', await evaluate('throw new Error("thrown")'));

for (const length of [1, 125, 126, 65535, 65536, 5e6]) {
  const text = await evaluate(`"ä".repeat(${length})`);

  say('long', length, text === 'ä'.repeat(length));
}

const sent = 'ö'.repeat(3e6);

say('back', (await evaluate(JSON.stringify(sent))) === sent);

const many = Array.from({ length: 500 }, (_, i) => evaluate(String(i)));

say('many', (await Promise.all(many)).join() === many.map((_, i) => i).join());

const called = [];

client.on('Runtime.consoleAPICalled', ({ args }) => called.push(args[0].value));
await evaluate('for (let i = 0; i < 1000; i++) console.log(i)');
say(
  'events',
  called.length,
  called.every((value, i) => value === i)
);

let scripts = 0;

client.on('Debugger.scriptParsed', () => scripts++);
await Debugger.enable();
say('scripts', scripts > 10);

let snapshot = '';

client.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
  snapshot += chunk;
});
await HeapProfiler.takeHeapSnapshot();
say('snapshot', snapshot.length > 1e6, Object.keys(JSON.parse(snapshot)));
await Console.enable();
await client.close();
say('closed');

try {
  await evaluate('1');
} catch (err) {
  say(err.message);
}

// A client is told when the other process goes.
const other = await CDP({ host: '127.0.0.1', port });
const gone = once(other, 'disconnect');

const exited = once(program, 'exit');

program.kill('SIGKILL');
await Promise.all([gone, exited]);
say('disconnected');

try {
  await other.Runtime.enable();
} catch (err) {
  say(err.message);
}

try {
  await CDP({ host: '127.0.0.1', port });
} catch (err) {
  say(err.code);
}
