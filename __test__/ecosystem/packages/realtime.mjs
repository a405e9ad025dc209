// The realtime client of openai: wss: only, with options for TLS of its own.

import https from 'node:https';

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import selfSigned from '../../../examples/self-signed.js';

import { asked, note, once, say, stop, WebSocketServer } from './help.mjs';

const { cert, key } = selfSigned.selfSigned();
const server = https.createServer({ cert, key }).listen(0, '127.0.0.1');

await once(server, 'listening');

const wss = new WebSocketServer({ server });
const { port } = server.address();
const client = new OpenAI({
  apiKey: 'secret',
  baseURL: `https://127.0.0.1:${port}/v1`
});

wss.on('connection', (ws, request) => {
  note(asked(request));
  ws.on('close', (code, reason) => note('closed', code, String(reason)));
  ws.on('message', (data, isBinary) => {
    const { audio, type } = JSON.parse(data);

    note(type, isBinary, audio?.length);
    if (type === 'response.create') {
      for (let i = 0; i < 300; i++) {
        ws.send(
          JSON.stringify({ type: 'response.output_text.delta', delta: `${i},` })
        );
      }
      ws.send(JSON.stringify({ type: 'response.done' }));
    } else if (type === 'response.cancel') {
      ws.send(
        JSON.stringify({
          type: 'error',
          error: { message: 'failed', type: 'x' }
        })
      );
    } else if (type === 'session.update') ws.send('no JSON');
  });
});

const rt = new OpenAIRealtimeWS(
  { model: 'm', options: { ca: cert, servername: 'localhost' } },
  client
);
let text = '';
const done = new Promise((resolve) => rt.on('response.done', resolve));
const errors = [];

rt.on('response.output_text.delta', ({ delta }) => {
  text += delta;
});
rt.on('error', (err) => errors.push(err.message));
await once(rt.socket, 'open');
say(rt.socket.readyState, rt.url.pathname, rt.url.protocol);
rt.send({ type: 'input_audio_buffer.append', audio: 'A'.repeat(1e6) });
rt.send({ type: 'response.create' });
await done;
say(text.length, text.slice(-8));
rt.send({ type: 'response.cancel' });
rt.send({ type: 'session.update' });

const closed = once(rt.socket, 'close');

setTimeout(() => rt.close({ code: 4000, reason: 'enough' }), 100);

const [code, reason] = await closed;

say(code, String(reason), errors);

const untrusted = new OpenAIRealtimeWS({ model: 'm' }, client);

untrusted.socket.on('close', (code) => note('untrusted', code));

const [err] = await once(untrusted, 'error');

say(err.cause.code);
await stop(wss);
server.close();
