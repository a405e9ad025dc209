// @kubernetes/client-node: a client with a certificate of its own, subprotocols
// of which the server takes one, and channels in binary messages.

import https from 'node:https';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { Attach, Exec, KubeConfig, PortForward } from '@kubernetes/client-node';
import selfSigned from '../../../examples/self-signed.js';

import { asked, note, once, say, stop, WebSocketServer } from './help.mjs';

const { cert, key } = selfSigned.selfSigned();
const server = https
  .createServer({
    ca: cert,
    cert,
    key,
    rejectUnauthorized: false,
    requestCert: true
  })
  .listen(0, '127.0.0.1');

await once(server, 'listening');

const CHANNELS = 'v5.channel.k8s.io';
const { wss } = serveOn(server);
const config = configOf(server.address().port, {
  certData: base64(cert),
  keyData: base64(key)
});
const exec = new Exec(config);

for (const command of ['echo', 'fail']) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  let status;
  const ws = await exec.exec(
    'default',
    'pod',
    'container',
    [command, 'ä b'],
    stdout,
    stderr,
    stdin,
    false,
    (value) => {
      status = value;
    }
  );
  const closed = once(ws, 'close');

  say('protocol', ws.protocol, 'binaryType', ws.binaryType);
  stdin.write('first');
  stdin.write('x'.repeat(100_000));
  stdin.end('last');

  const [code, reason] = await closed;

  stdout.end();
  stderr.end();

  const [out, err] = await said;

  say(
    command,
    out.length,
    out.slice(0, 20),
    out.slice(-4),
    err,
    status,
    code,
    String(reason)
  );
}

const attached = new PassThrough();
const ws = await new Attach(config).attach(
  'default',
  'pod',
  'container',
  attached,
  null,
  null,
  false
);

attached.once('data', (data) => say('attached', data));
await once(ws, 'close');

const forward = new PortForward(config, true);
const back = new PassThrough();
const input = new PassThrough();
const forwarded = await forward.portForward(
  'default',
  'pod',
  [8080],
  back,
  null,
  input
);

input.write('ping');
back.once('data', (data) => {
  say('forwarded', data.toString());
  (typeof forwarded === 'function' ? forwarded() : forwarded).close();
});
await once(typeof forwarded === 'function' ? forwarded() : forwarded, 'close');

// What the server refuses, and a server that is not to be trusted.
for (const [name, other] of [
  ['refused', config],
  ['untrusted', configOf(server.address().port, {}, {})]
]) {
  try {
    await new Exec(other).exec(
      'default',
      'refused',
      'c',
      ['x'],
      new Writable(),
      null,
      null,
      false
    );
  } catch (err) {
    say(name, err.message ?? err);
  }
}

await stop(wss);
server.close();

function base64(text) {
  return Buffer.from(text).toString('base64');
}

function configOf(port, user, cluster = { caData: base64(cert) }) {
  const config = new KubeConfig();

  config.loadFromOptions({
    clusters: [{ name: 'c', server: `https://127.0.0.1:${port}`, ...cluster }],
    contexts: [{ cluster: 'c', name: 'x', user: 'u' }],
    currentContext: 'x',
    users: [{ name: 'u', ...user }]
  });
  return config;
}

function serveOn(server) {
  const wss = new WebSocketServer({
    server,
    handleProtocols(protocols) {
      note('protocols', [...protocols]);
      return protocols.has(CHANNELS) ? CHANNELS : [...protocols].at(-1);
    },
    verifyClient({ req, secure }, callback) {
      const refused = req.url.includes('refused');

      note('certificate', req.socket.getPeerCertificate().subject?.CN, secure);
      callback(!refused, 403, 'No', { 'X-Reason': 'because' });
    }
  });

  wss.on('connection', (ws, request) => {
    note(asked(request));
    if (request.url.includes('attach')) {
      ws.send(Buffer.from('\x01attached'));
      ws.close(1000);
    } else if (request.url.includes('portforward')) {
      ws.send(Buffer.from([0, 0x90, 0x1f]));
      ws.send(Buffer.from([1, 0x90, 0x1f]));
      ws.on('message', (data) => ws.send(data));
    } else serveExec(ws, request);
  });
  return { wss };
}

function serveExec(ws, request) {
  const fails = request.url.includes('fail');
  let count = 0;

  ws.on('message', (data, isBinary) => {
    note('channel', data[0], data.length, isBinary);
    if (data[0] === 0) {
      count += data.length - 1;
      ws.send(Buffer.concat([Buffer.from([1]), data.subarray(1)]));
    }
    if (count < 100_009 || (data[0] === 0 && !String(data).endsWith('last'))) {
      return;
    }
    ws.send(Buffer.from('\x02warning'));
    ws.send(
      Buffer.from(
        '\x03' +
          JSON.stringify(
            fails
              ? {
                  status: 'Failure',
                  message: 'failed',
                  details: { causes: [{ reason: 'ExitCode', message: '3' }] }
                }
              : { status: 'Success' }
          )
      )
    );
    ws.close(fails ? 1011 : 1000, fails ? 'failed' : '');
  });
}
