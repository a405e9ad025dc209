import { parentPort } from 'node:worker_threads';

import { connect, exchange, serve } from './help.mjs';

const wss = await serve({ perMessageDeflate: true });
const ws = await connect(wss.url);
const own = await exchange(ws, 'y', 'y'.repeat(5000));

parentPort.postMessage({ own, url: wss.url });
// Deno's parentPort has no close().
parentPort.once('message', () => process.exit(7));
