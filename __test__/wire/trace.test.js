'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { runProgram } = require('../support/programs');

const skip =
  process.platform === 'win32' && 'there is no loop transport on Windows';

/** Runs a program; gives its lines of stderr, without names that change. */
async function traced(main, env) {
  const { code, stderr } = await runProgram(main, {
    env: { NODE_DEBUG: 'ws-rs', WS_RS_TRANSPORT: '', ...env }
  });

  assert.strictEqual(code, 0, stderr);
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^WS-RS \d+: /, ''))
    .map((line) => line.replace(/, peer 127\.0\.0\.1 port \d+\)/, ')'));
}

/* eslint-disable no-undef -- programs have `serve()` and others */

/** A message both ways, then something that the program does, then the end. */
const PROGRAM = async () => {
  const { LISTEN, TOUCH, WS_RS_TRANSPORT } = process.env;
  const wss = await serve();
  const client = new WebSocket(wss.url);
  const [peer] = await once(wss, 'connection');
  const onNative = (ws) =>
    new Promise((resolve) => {
      (function look() {
        if (ws.transport === 'stream') setImmediate(look);
        else resolve();
      })();
    });

  await once(client, 'open');
  if (LISTEN) client._socket.on('data', () => {});
  peer.on('message', (data) => peer.send(data));
  client.send('x');
  await once(client, 'message');
  if (!LISTEN && !WS_RS_TRANSPORT) {
    await onNative(client);
    await onNative(peer);
  }
  if (TOUCH) client._socket.setTimeout(60_000);
  client.close();
  await once(client, 'close');
  wss.close();
};

/** Who speaks plain HTTP where TLS is spoken, and who leaves in the handshake. */
const BAD_HANDSHAKES = async () => {
  const { selfSigned } = require('./examples/self-signed');
  const net = require('net');
  const wss = await serve({
    accept: process.env.ACCEPT || undefined,
    tls: selfSigned()
  });

  for (const words of ['GET / HTTP/1.1\r\n\r\n', '']) {
    const socket = net.connect(wss.address().port, '127.0.0.1');

    socket.on('error', () => {});
    socket.end(words);
    await once(wss, 'tlsClientError');
  }
  wss.close();
};

describe('NODE_DEBUG=ws-rs', { skip }, () => {
  it('names the binary, and for each connection its transport', async () => {
    const lines = await traced(PROGRAM);

    assert.match(lines[0], /^version [\d.]+, binary .*ws-rs\..*\.node$/);
    assert.ok(
      lines.some((line) => /(server.*): accepted natively, on loop$/.test(line))
    );
    assert.ok(lines.some((line) => /\(client\): to loop$/.test(line)));
  });

  it('says of connections that I/O threads have that they are on threads', async () => {
    const lines = await traced(PROGRAM, { WS_RS_IO_THREADS: '1' });

    assert.ok(
      lines.some((line) =>
        /(server.*): accepted natively, on threads$/.test(line)
      ),
      lines.join('\n')
    );
    assert.ok(
      lines.some((line) => /\(client\): to threads$/.test(line)),
      lines.join('\n')
    );
  });

  it('says why a connection stays on stream', async () => {
    const lines = await traced(PROGRAM, { LISTEN: '1' });

    assert.ok(
      lines.some((line) =>
        line.endsWith(
          "(client): stays on stream: the program listens to 'data' of its socket"
        )
      ),
      lines.join('\n')
    );
  });

  it('says why a connection goes back to stream', async () => {
    const lines = await traced(PROGRAM, { TOUCH: '1' });

    assert.ok(
      lines.some((line) =>
        line.endsWith('(client): back to stream: its socket has a timeout')
      ),
      lines.join('\n')
    );
  });

  for (const ACCEPT of ['', 'node']) {
    it(`says why a TLS handshake failed (accept: '${ACCEPT}')`, async () => {
      const lines = await traced(BAD_HANDSHAKES, { ACCEPT });

      assert.match(
        lines[1],
        /^TLS handshake \(server\) failed: ERR_SSL_HTTP_REQUEST, .*http/i
      );
      assert.match(lines[2], /^TLS handshake \(server\) failed: ECONNRESET, /);
    });
  }

  it('says that the transport is forced', async () => {
    const lines = await traced(PROGRAM, { WS_RS_TRANSPORT: 'stream' });

    assert.deepStrictEqual(
      lines
        .slice(1)
        .map((line) => line.replace(/connection \d+/, 'connection'))
        .sort(),
      [
        'connection (client): stays on stream: WS_RS_TRANSPORT is "stream"',
        'connection (server): stays on stream: WS_RS_TRANSPORT is "stream"'
      ]
    );
  });

  it('says nothing unless it is asked', async () => {
    assert.deepStrictEqual(await traced(PROGRAM, { NODE_DEBUG: 'net2' }), []);
  });
});
