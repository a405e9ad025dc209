// The program of a scenario that runs apart: opens one connection, does the
// steps and ends.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { payload } from '../random.mjs';

const [, , , folder, , tlsFolder] = process.argv;
const require = createRequire(import.meta.url);
const WebSocket = require(folder);
/** Work that another process notices, in ms. */
const LONG = 100;
/** When each of it was done. */
const marks = [];

process.once('message', (message) => {
  if (message.scenario.role === 'server') serve(message);
  else connect(message);
});

function serve({ file, scenario }) {
  const read = (name) => fs.readFileSync(path.join(tlsFolder, name));
  const server =
    scenario.transport === 'tls'
      ? https.createServer({ cert: read('cert.pem'), key: read('key.pem') })
      : http.createServer();
  const wss = new WebSocket.Server({ server, ...scenario.options });

  wss.on('connection', (ws) => {
    server.close();
    begin(ws, scenario);
  });
  server.listen(
    ...(scenario.transport === 'unix' ? [file] : [0, '127.0.0.1']),
    () => process.send({ port: server.address().port ?? 0 })
  );
}

function connect({ file, port, scenario }) {
  const urls = {
    tcp: `ws://127.0.0.1:${port}`,
    tls: `wss://127.0.0.1:${port}`,
    unix: `ws+unix:${file}:/`
  };
  const ws = new WebSocket(urls[scenario.transport], {
    ...scenario.options,
    rejectUnauthorized: false
  });
  if (scenario.where === 'message') begin(ws, scenario);
  else ws.on('open', () => begin(ws, scenario));
}

function begin(ws, scenario) {
  ws.on('error', () => {});
  if (scenario.where === 'open') act(ws, scenario);
  else if (scenario.where === 'message') {
    ws.once('message', () => act(ws, scenario));
  } else setTimeout(act, 20, ws, scenario);
}

async function act(ws, { role, steps }) {
  for (const step of steps) {
    switch (step.op) {
      case 'work':
        work(step.ms);
        break;
      case 'microtask':
        for (let i = 0; i < step.n; i++) await null;
        break;
      case 'immediate':
        for (let i = 0; i < step.n; i++) await new Promise(setImmediate);
        break;
      case 'ms':
        await new Promise((resolve) => setTimeout(resolve, step.n));
        break;
      case 'exit':
        exit(step.how);
        return;
      default:
        write(ws, role, step);
    }
  }
  process.send({ marks: marks.map(String) });
  ws.on('close', () => process.disconnect());
  ws.close(1000);
}

function write(ws, role, step) {
  const kind = step.kind === 'text' ? 'text' : 'bytes';
  const bytes = payload(kind, step.size, step.id);

  if (step.op === 'ping') ws.ping(bytes);
  else if (step.op === 'send') {
    ws.send(step.kind === 'text' ? bytes.toString() : bytes);
  } else {
    const list = WebSocket.Sender.frame(bytes, {
      ...{ fin: true, mask: role === 'client', opcode: 2 },
      ...{ readOnly: true, rsv1: false }
    });
    ws._socket.write(Buffer.concat(list.map((part) => Buffer.from(part))));
  }
}

function work(ms) {
  const until = performance.now() + ms;

  while (performance.now() < until);
  if (ms >= LONG) marks.push(process.hrtime.bigint());
}

function exit(how) {
  if (how === 'exit') process.exit(3);
  else if (how === 'kill') process.kill(process.pid);
  else {
    // Out of the async function: an exception, not a rejection.
    process.nextTick(() => {
      throw new Error('thrown on purpose');
    });
  }
}
