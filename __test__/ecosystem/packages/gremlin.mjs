// gremlin, the driver of graph databases: requests in binary messages, results
// in several, authentication by the way, pools of connections.

import gremlin from 'gremlin';

import { asked, note, say, serve, stop } from './help.mjs';

const TYPE = 'application/vnd.gremlin-v3.0+json';
const { port, wss } = await serve(onConnection, { perMessageDeflate: true });
const options = {
  headers: { 'X-Own': 'header' },
  mimeType: TYPE,
  rejectUnauthorized: false
};
const client = new gremlin.driver.Client(`ws://127.0.0.1:${port}/gremlin`, {
  ...options,
  authenticator: new gremlin.driver.auth.PlainTextSaslAuthenticator('me', 'pw')
});

await client.open();
say((await client.submit('one')).toArray());
say((await client.submit('many')).length);
say((await client.submit('authenticate')).toArray());

const all = Array.from({ length: 200 }, (_, i) =>
  client.submit('bound', { i, text: 'ä'.repeat(i * 10) })
);

say((await Promise.all(all)).map((result) => result.first()).join().length);

try {
  await client.submit('fail');
} catch (err) {
  say(err.message, err.statusCode);
}

let rows = 0;

for await (const result of client.stream('many')) rows += result.length;
say('stream', rows);
await client.close();
say('closed');

const lost = new gremlin.driver.Client(
  `ws://127.0.0.1:${port}/gremlin`,
  options
);

try {
  await lost.submit('drop');
} catch (err) {
  say(err.message);
}
await lost.close();
await stop(wss);

const refused = new gremlin.driver.Client(
  `ws://127.0.0.1:${port}/gremlin`,
  options
);

try {
  await refused.open();
} catch (err) {
  say(err.code ?? err.message);
}

function onConnection(ws, request) {
  note(asked(request));
  ws.on('ping', () => note('ping'));
  ws.on('close', (code) => note('closed', code));
  ws.on('message', (data, isBinary) => {
    const length = data[0];
    const type = String(data.subarray(1, 1 + length));
    const { args, op, requestId } = JSON.parse(data.subarray(1 + length));
    const id = requestId['@value'] ?? requestId;
    const values = args['@value'] ?? args;
    const query = values.gremlin ?? op;
    const send = (code, list, message = '') =>
      ws.send(
        Buffer.from(
          JSON.stringify({
            requestId: id,
            result: { data: { '@type': 'g:List', '@value': list }, meta: {} },
            status: { attributes: {}, code, message }
          })
        )
      );

    if (query !== 'bound') note(isBinary, type, op, query);
    if (query === 'one') send(200, [1]);
    else if (query === 'bound') {
      const bindings = JSON.stringify(values.bindings ?? args);

      send(200, [bindings.length]);
    } else if (query === 'many') {
      for (let i = 0; i < 20; i++) send(206, Array(1000).fill(i));
      send(200, ['last']);
    } else if (query === 'authenticate') send(407, []);
    else if (query === 'authentication') {
      note(Buffer.from(values.sasl, 'base64').toString());
      send(200, ['authenticated']);
    } else if (query === 'fail') send(500, [], 'failed');
    else if (query === 'drop') ws.terminate();
  });
}
