import { Worker } from 'node:worker_threads';

import { connect, end, exchange, once, print, serve } from './help.mjs';

const source = new URL('./worker.mjs', import.meta.url);
const wss = await serve();
const results = [];

// Several at a time, each with a server and a client of its own.
const workers = Array.from({ length: 3 }, () => new Worker(source));
const started = await Promise.all(
  workers.map((worker) => once(worker, 'message'))
);

for (const [{ url, own }] of started) {
  const ws = await connect(url);

  results.push(own, await exchange(ws, 'x', 'x'.repeat(100_000)));
  ws.close();
  await once(ws, 'close');
}

// One ends by itself, the others in the middle of it all.
const ended = once(workers[0], 'exit');

workers[0].postMessage('end');
results.push((await ended)[0]);
await Promise.all([workers[1].terminate(), workers[2].terminate()]);

// What is in this thread goes on.
const ws = await connect(wss.url);

results.push(await exchange(ws, 'x'), await end(ws, wss));
print(results);
