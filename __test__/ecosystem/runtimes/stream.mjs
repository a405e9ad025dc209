import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

import { createWebSocketStream } from 'ws-rs';

import { connect, print, serve } from './help.mjs';

const wss = await serve();
const ws = await connect(wss.url);
const duplex = createWebSocketStream(ws);
let length = 0;

duplex.on('data', (chunk) => {
  length += chunk.length;
  if (length === 2_000_000) duplex.end();
});
await Promise.all([
  pipeline(
    Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(100_000))),
    duplex,
    { end: false }
  ),
  new Promise((resolve) => duplex.on('close', resolve))
]);
wss.close();
print({ length });
