// @neondatabase/serverless: the protocol of Postgres within messages, by a client
// that takes the WebSocket for an EventTarget with ArrayBuffers.

import { Client, neonConfig, Pool } from '@neondatabase/serverless';

import { asked, note, say, serve, stop, WebSocket } from './help.mjs';

const { port, wss } = await serve(onConnection);

Object.assign(neonConfig, {
  pipelineConnect: false,
  pipelineTLS: false,
  useSecureWebSocket: false,
  webSocketConstructor: WebSocket,
  wsProxy: (host, number) => `127.0.0.1:${port}/v1?address=${host}:${number}`
});

const connectionString = 'postgres://me:secret@db.example/name?sslmode=disable';
const client = new Client({ connectionString });

await client.connect();
say((await client.query('SELECT few')).rows);
say((await client.query('SELECT many')).rows.length);
say((await client.query('SELECT long')).rows[0].value.length);

try {
  await client.query('FAIL');
} catch (err) {
  say(err.code, err.message);
}
await client.end();

const pool = new Pool({ connectionString, max: 3 });
const results = await Promise.all(
  Array.from({ length: 20 }, () => pool.query('SELECT few'))
);

say(results.map(({ rowCount }) => rowCount).join());
await pool.end();

const lost = new Client({ connectionString });
const failed = new Promise((resolve) => lost.once('error', resolve));

await lost.connect();

const query = lost.query('DROP').catch((err) => err);

say((await query).message, (await Promise.race([failed, query])).message);
await stop(wss);

const refused = new Client({ connectionString });

try {
  await refused.connect();
} catch (err) {
  say(err.message.replace(String(port), 'the port'));
}

function onConnection(ws, request) {
  let rest = Buffer.alloc(0);
  let hasBegun = false;

  if (wss.clients.size === 1) note(asked(request));
  ws.on('close', (code) => note('closed', code));
  ws.on('message', (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5) {
      const at = hasBegun ? 1 : 0;
      const length = rest.readUInt32BE(at) + at;

      if (rest.length < length) return;

      const type = hasBegun ? String.fromCharCode(rest[0]) : '';
      const body = rest.subarray(at + 4, length);

      rest = rest.subarray(length);
      hasBegun = true;
      answer(type, body);
    }
  });

  function answer(type, body) {
    const text = String(body).replace(/\0.*/s, '');

    if (type === '') send('R', Buffer.from([0, 0, 0, 3]));
    else if (type === 'p') {
      ws.send(Buffer.concat([of('R', Buffer.alloc(4)), of('Z', 'I')]));
    } else if (type === 'X') ws.close();
    else if (text === 'DROP') ws.terminate();
    else if (text === 'FAIL') {
      send('E', 'SERROR\0C42601\0Mfailed\0\0');
      send('Z', 'I');
    } else {
      const count = text === 'SELECT many' ? 5000 : 2;
      const value = 'v'.repeat(text === 'SELECT long' ? 2e6 : 3);

      send(
        'T',
        Buffer.concat([
          Buffer.from([0, 1]),
          Buffer.from('value\0'),
          Buffer.alloc(6),
          Buffer.from([0, 0, 0, 25, 0xff, 0xff]),
          Buffer.alloc(6)
        ])
      );
      for (let i = 0; i < count; i++) {
        const size = Buffer.alloc(6);

        size.writeUInt16BE(1);
        size.writeUInt32BE(value.length, 2);
        send('D', Buffer.concat([size, Buffer.from(value)]));
      }
      send('C', `SELECT ${count}\0`);
      send('Z', 'I');
    }
  }

  function send(type, body) {
    ws.send(of(type, body));
  }
}

function of(type, body) {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);

  head.write(type);
  head.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}
