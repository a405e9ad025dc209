import { connect, end, exchange, print, serve } from './help.mjs';

const results = [];

for (const perMessageDeflate of [
  true,
  { threshold: 0 },
  { threshold: 0, serverNoContextTakeover: true },
  { threshold: 0, clientNoContextTakeover: true, serverMaxWindowBits: 10 }
]) {
  const wss = await serve({ perMessageDeflate });
  const ws = await connect(wss.url, { perMessageDeflate });
  const text = JSON.stringify(Array.from({ length: 5000 }, (_, i) => i % 77));

  results.push({
    extensions: ws.extensions,
    seen: await exchange(ws, 'x', text, text, Buffer.alloc(300_000, 7)),
    end: await end(ws, wss)
  });
}

print(results);
