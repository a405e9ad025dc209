import { connect, once, print, serve } from './help.mjs';

// With connections open, a message under way, and a large one besides.
const wss = await serve({ perMessageDeflate: true });
const ws = await connect(wss.url);

ws.send('x'.repeat(200_000));
await once(ws, 'message');
process.on('exit', (code) => print({ code, readyState: ws.readyState }));
ws.send('x'.repeat(2_000_000));
process.exit(3);
