// @stomp/stompjs: subprotocols, heartbeats that notice a silent server, and a
// client that throws its WebSocket away and connects again.

import { Client, ReconnectionTimeMode } from '@stomp/stompjs';

import { asked, note, say, serve, stop, WebSocket } from './help.mjs';

let connections = 0;
const { port, wss } = await serve(onConnection, {
  handleProtocols: (protocols) =>
    [...protocols].find((name) => name === 'v11.stomp')
});

for (const forceBinaryWSFrames of [false, true]) {
  const client = new Client({
    brokerURL: `ws://127.0.0.1:${port}/stomp`,
    connectHeaders: { login: 'me', passcode: 'pw' },
    discardWebsocketOnCommFailure: true,
    forceBinaryWSFrames,
    heartbeatIncoming: 200,
    heartbeatOutgoing: 100,
    reconnectDelay: 10,
    reconnectTimeMode: ReconnectionTimeMode.LINEAR,
    splitLargeFrames: true,
    maxWebSocketChunkSize: 1000,
    webSocketFactory: () =>
      new WebSocket(
        `ws://127.0.0.1:${port}/stomp`,
        client.stompVersions.protocolVersions()
      )
  });
  const closes = [];

  client.onWebSocketClose = (event) =>
    closes.push([event.code, event.reason, event.wasClean, event.type]);
  await connected(client, () => client.activate());
  say(client.connectedVersion, client.webSocket.binaryType);

  const bodies = [];

  await new Promise((resolve) => {
    client.subscribe('/queue/a', (message) => {
      bodies.push(message.body.length);
      if (bodies.length === 3) resolve();
    });
    client.publish({ destination: '/queue/a', body: 'hi' });
    client.publish({ destination: '/queue/a', body: 'ä'.repeat(10_000) });
    client.publish({
      destination: '/queue/a',
      binaryBody: new Uint8Array(5000).fill(7),
      headers: { 'content-type': 'x' }
    });
  });
  say(bodies);

  const receipt = new Promise((resolve) =>
    client.watchForReceipt('r1', () => resolve('receipt'))
  );

  client.publish({
    destination: '/queue/b',
    body: '',
    headers: { receipt: 'r1' }
  });
  say(await receipt);
  // It goes, or keeps silent, and is found again.
  await connected(client, () =>
    client.publish({ destination: '/drop', body: '' })
  );
  await connected(client, () =>
    client.publish({ destination: '/silent', body: '' })
  );
  say('again', closes);
  await client.deactivate();
  say('closed', closes.length, closes.at(-1));
}

await stop(wss);
note(connections);

function connected(client, act) {
  return new Promise((resolve) => {
    client.onConnect = resolve;
    act();
  });
}

function onConnection(ws, request) {
  let text = '';
  let isSilent = false;
  const timer = setInterval(() => isSilent || ws.send('\n'), 50);

  if (++connections === 1) note(asked(request));
  ws.on('close', () => clearInterval(timer));
  ws.on('message', (data) => {
    text += data.toString('latin1');

    const frames = text.split('\0');

    text = frames.pop();
    for (const frame of frames) answer(frame.trimStart());
  });

  function answer(frame) {
    const [head, body = ''] = frame.split('\n\n');
    const [command, ...lines] = head.split('\n');
    const headers = Object.fromEntries(
      lines.map((line) => line.split(/:(.*)/))
    );

    if (command === 'CONNECT') {
      ws.send('CONNECTED\nversion:1.1\nheart-beat:50,100\n\n\0');
    } else if (headers.destination === '/drop') ws.terminate();
    else if (headers.destination === '/silent') isSilent = true;
    else if (headers.receipt) {
      ws.send(`RECEIPT\nreceipt-id:${headers.receipt}\n\n\0`);
      if (command === 'DISCONNECT') ws.close();
    } else if (command === 'SEND') {
      ws.send(
        Buffer.from(
          `MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:${headers.destination}\n\n${body}\0`,
          'latin1'
        )
      );
    }
  }
}
