// Leaves in the tick of its last messages.

import { connect, once, print, serve } from './help.mjs';

if (process.argv[2]) {
  const ws = await connect(process.argv[2]);

  ws.send('one');
  ws.send('two');
  process.exit(4);
}

const { spawn } = await import('node:child_process');
const wss = await serve();
const received = [];
const closed = new Promise((resolve) => {
  wss.on('connection', (ws) => {
    ws.on('message', (data) => received.push(String(data)));
    ws.on('close', resolve);
  });
});
const child = spawn(
  process.execPath,
  [...process.execArgv, process.argv[1], wss.url],
  { stdio: 'inherit' }
);
const [[code]] = await Promise.all([once(child, 'exit'), closed]);

print({ received, code });
wss.close();
