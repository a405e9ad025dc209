// The client of SignalR, which takes `ws` by a require() of its own, listens by
// properties, and connects again when the connection is lost.

import * as signalR from '@microsoft/signalr';

import { asked, note, say, serve, stop } from './help.mjs';

const END = '\x1e';
let connections = 0;
const { port, wss } = await serve(onConnection);
const states = [];
const connection = new signalR.HubConnectionBuilder()
  .withUrl(`http://127.0.0.1:${port}/hub`, {
    accessTokenFactory: () => 'token',
    headers: { 'X-Own': 'header' },
    skipNegotiation: true,
    transport: signalR.HttpTransportType.WebSockets
  })
  .withAutomaticReconnect([0, 10, 10])
  .configureLogging(signalR.LogLevel.None)
  .build();

connection.on('told', (...args) => say('told', args));
connection.onreconnecting((err) => states.push(err?.message));
await connection.start();
say(connection.state);
say('sum', await connection.invoke('sum', 1, 2));
say('echo', (await connection.invoke('echo', 'ä'.repeat(1e5))).length);

try {
  await connection.invoke('fail');
} catch (err) {
  say(err.message);
}

const got = [];

await new Promise((resolve, reject) => {
  connection.stream('count', 1000).subscribe({
    complete: resolve,
    error: reject,
    next: (value) => got.push(value)
  });
});
say('stream', got.length, got.at(-1));

const subject = new signalR.Subject();
const uploaded = connection.invoke('upload', subject);

for (let i = 0; i < 100; i++) subject.next(i);
subject.complete();
say('uploaded', await uploaded);

const reconnected = new Promise((resolve) => connection.onreconnected(resolve));

await connection.send('drop');
await reconnected;
say('again', connection.state, states, await connection.invoke('sum', 3, 4));

const closed = new Promise((resolve) => connection.onclose(resolve));

await connection.stop();
say('closed', await closed, connections);

// Close frames with a code, and servers that refuse.
const other = new signalR.HubConnectionBuilder()
  .withUrl(`http://127.0.0.1:${port}/hub`, {
    skipNegotiation: true,
    transport: 1
  })
  .configureLogging(signalR.LogLevel.None)
  .build();
const broken = new Promise((resolve) => other.onclose(resolve));

await other.start();
await other.send('close');
say('broken', (await broken)?.message);
await stop(wss);

try {
  await other.start();
} catch (err) {
  say('refused', err.message);
}

function onConnection(ws, request) {
  let isReady = false;
  let streamed = 0;

  connections++;
  if (connections === 1) note(asked(request));
  ws.on('message', (data, isBinary) => {
    for (const part of String(data).split(END).slice(0, -1)) {
      const message = JSON.parse(part);

      if (!isReady) {
        isReady = true;
        note('handshake', message, isBinary);
        ws.send(`{}${END}`);
      } else answer(message);
    }
  });
  ws.on('close', (code, reason) => note('server', code, String(reason)));

  const send = (message) => ws.send(JSON.stringify(message) + END);

  function answer({
    type,
    target,
    arguments: args,
    invocationId,
    item,
    streamIds
  }) {
    if (type === 2) streamed += item;
    if (type === 3) {
      send({ type: 3, invocationId: answer.upload, result: streamed });
    }
    if (streamIds?.length > 0) answer.upload = invocationId;
    else if (target === 'sum') {
      send({ type: 1, target: 'told', arguments: [target, args] });
      send({ type: 3, invocationId, result: args[0] + args[1] });
    } else if (target === 'echo') {
      send({ type: 3, invocationId, result: args[0] });
    } else if (target === 'fail') {
      send({ type: 3, invocationId, error: 'failed' });
    } else if (target === 'drop') ws.terminate();
    else if (target === 'close') ws.close(4001, 'enough');
    else if (target === 'count') {
      for (let i = 0; i < args[0]; i++) {
        send({ type: 2, invocationId, item: i });
      }
      send({ type: 3, invocationId });
    }
  }
}
