// @nats-io/nats-core over WebSockets, with a server that speaks enough of NATS.

import { wsconnect } from '@nats-io/nats-core';

import { asked, note, say, serve, stop, WebSocket } from './help.mjs';

let connections = 0;
const { port, wss } = await serve(onConnection);
const nc = await wsconnect({
  maxReconnectAttempts: 3,
  reconnectTimeWait: 10,
  servers: `ws://127.0.0.1:${port}`,
  async wsFactory(url) {
    const socket = new WebSocket(url, { perMessageDeflate: false });

    return { encrypted: false, socket };
  }
});
const states = [];

(async () => {
  for await (const { type } of nc.status()) {
    if (!/ping/i.test(type)) states.push(type);
  }
})();
await nc.flush();
say('connected', nc.info.server_name);

const subscription = nc.subscribe('a.>');
let length = 0;

for (let i = 0; i < 500; i++) nc.publish(`a.${i}`, 'ä'.repeat(i));
nc.publish('a.long', new Uint8Array(900_000).fill(65));
for await (const message of subscription) {
  length += message.data.length;
  if (message.subject === 'a.long') break;
}
say('received', length);
nc.subscribe('question', {
  callback: (err, message) => message.respond(`${message.string()}!`)
});
say('answer', (await nc.request('question', 'what')).string());

try {
  await nc.request('nobody', '', { timeout: 100 });
} catch (err) {
  say(err.name);
}

nc.publish('drop');
while (!states.includes('reconnect')) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
say('again', (await nc.request('question', 'who')).string(), states);
await nc.drain();
say('drained', nc.isClosed());
await stop(wss);
note(connections);

function onConnection(ws, request) {
  const subscribed = new Map();
  let rest = Buffer.alloc(0);

  if (++connections === 1) note(asked(request));
  const send = (text) => ws.send(Buffer.from(text));

  send(
    `INFO ${JSON.stringify({ server_name: 'own', max_payload: 1048576, headers: true, proto: 1, version: '2.10.0' })}\r\n`
  );
  ws.on('close', (code) => note('closed', code));
  ws.on('message', (data, isBinary) => {
    if (!isBinary) note('text', String(data));
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const end = rest.indexOf('\r\n');

      if (end === -1) return;

      const [command, ...args] = String(rest.subarray(0, end)).split(' ');
      const size = /^H?PUB$/.test(command) ? Number(args.at(-1)) + 2 : 0;

      if (rest.length < end + 2 + size) return;

      const payload = rest.subarray(end + 2, end + size);

      rest = rest.subarray(end + 2 + size);
      answer(command, args, payload);
    }
  });

  function answer(command, args, payload) {
    if (command === 'PING') send('PONG\r\n');
    else if (command === 'SUB') subscribed.set(args.at(-1), args[0]);
    else if (command === 'UNSUB' && args.length === 1) {
      subscribed.delete(args[0]);
    } else if (command === 'PUB') {
      const [subject, ...others] = args;
      const reply = others.length > 1 ? `${others[0]} ` : '';

      if (subject === 'drop') return ws.terminate();
      for (const [id, name] of subscribed) {
        const prefix = name.replace(/[>*]$/, '');

        if (
          name === subject ||
          (name !== prefix && subject.startsWith(prefix))
        ) {
          ws.send(
            Buffer.concat([
              Buffer.from(`MSG ${subject} ${id} ${reply}${payload.length}\r\n`),
              payload,
              Buffer.from('\r\n')
            ])
          );
        }
      }
    }
  }
}
