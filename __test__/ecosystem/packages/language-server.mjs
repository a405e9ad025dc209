// vscode-ws-jsonrpc: a language server and its client, each on a WebSocket that it
// sees by four functions only.

import {
  WebSocketMessageReader,
  WebSocketMessageWriter
} from 'vscode-ws-jsonrpc';
import {
  CancellationTokenSource,
  createMessageConnection
} from 'vscode-jsonrpc';

import { note, once, say, serve, stop, WebSocket } from './help.mjs';

const { port, wss } = await serve(onConnection, { perMessageDeflate: true });
const ws = new WebSocket(`ws://127.0.0.1:${port}`);

await once(ws, 'open');

const client = connect(ws);
const told = [];

client.onNotification('told', (value) => told.push(value));
client.onRequest('question', (value) => value * 2);
client.onClose(() => say('closed'));
client.listen();
say(
  await client
    .sendRequest('echo', { text: 'ä'.repeat(1e6) })
    .then(({ text }) => text.length)
);
say(
  (
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => client.sendRequest('double', i))
    )
  ).at(-1)
);
say(await client.sendRequest('ask', 21));
say(told.length, told.at(-1));

try {
  await client.sendRequest('fail');
} catch (err) {
  say(err.code, err.message);
}

const source = new CancellationTokenSource();
const slow = client.sendRequest('slow', source.token);

source.cancel();
say(await slow);
client.sendNotification('close');
await once(ws, 'close');
await new Promise(setImmediate);

try {
  await client.sendRequest('echo', {});
} catch (err) {
  say(err.message);
}
client.dispose();
await stop(wss);

function onConnection(ws) {
  const server = connect(ws);

  server.onRequest('echo', (value) => value);
  server.onRequest('double', (value) => value * 2);
  server.onRequest('ask', async (value) => {
    for (let i = 0; i < 100; i++) server.sendNotification('told', i);
    return server.sendRequest('question', value);
  });
  server.onRequest(
    'slow',
    (token) =>
      new Promise((resolve) => {
        if (token.isCancellationRequested) resolve('cancelled');
        token.onCancellationRequested(() => resolve('cancelled'));
      })
  );
  server.onNotification('close', () => ws.close(4000, 'enough'));
  server.onClose(() => note('closed'));
  server.onError(([err]) => note(err.message));
  server.listen();
}

function connect(ws) {
  const socket = {
    dispose: () => ws.close(),
    onClose: (listener) =>
      ws.on('close', (code, reason) => listener(code, String(reason))),
    onError: (listener) => ws.on('error', listener),
    onMessage: (listener) => ws.on('message', (data) => listener(String(data))),
    send: (content) => ws.send(content)
  };

  return createMessageConnection(
    new WebSocketMessageReader(socket),
    new WebSocketMessageWriter(socket)
  );
}
