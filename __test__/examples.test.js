'use strict';

// Each example is started as a person would start it, and talked to with npm ws.

const assert = require('node:assert');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { describe, it } = require('node:test');
const WebSocket = require('ws');
const { run } = require('./browser/program.js');
const { connect, refusal } = require('./browser/peer.js');
const { request } = require('./browser/request.js');

function start(t, file, options) {
  const program = run(file, options);

  t.after(() => program.stop());
  return program;
}

describe('examples/echo.js', () => {
  it('sends text back as text and binary as binary', async (t) => {
    const peer = await connect(await start(t, 'examples/echo.js').url());

    peer.ws.send('\u00fc \ud83d\ude80');
    assert.deepStrictEqual(await peer.next(), '\u00fc \ud83d\ude80');
    peer.ws.send(Buffer.from([0x00, 0xff, 0x80]));
    assert.deepStrictEqual(await peer.next(), Buffer.from([0x00, 0xff, 0x80]));
    assert.strictEqual((await peer.close()).code, 1000);
  });

  it('sends back a message of one mebibyte', async (t) => {
    const peer = await connect(await start(t, 'examples/echo.js').url());
    const data = crypto.randomBytes(1024 * 1024);

    peer.ws.send(data);
    assert.ok(data.equals(await peer.next()));
    await peer.close();
  });
});

describe('examples/broadcast.js', () => {
  it('sends a message to everybody but its sender', async (t) => {
    const url = await start(t, 'examples/broadcast.js').url();
    const [ada, grace, joan] = await Promise.all([
      connect(url),
      connect(url),
      connect(url)
    ]);

    ada.ws.send('hello');
    assert.strictEqual(await grace.next(), 'hello');
    assert.strictEqual(await joan.next(), 'hello');
    grace.ws.send(Buffer.from([1, 2, 3]));
    // Had Ada got her own message, it would come first.
    assert.deepStrictEqual(await ada.next(), Buffer.from([1, 2, 3]));
    assert.deepStrictEqual(await joan.next(), Buffer.from([1, 2, 3]));
    await Promise.all([ada.close(), grace.close(), joan.close()]);
  });
});

describe('examples/metrics.js', () => {
  it('tells what the server has counted in the form of Prometheus', async (t) => {
    const program = start(t, 'examples/metrics.js');
    const peer = await connect(await program.url());
    const [address] = await program.printed(/http:\S+/);

    peer.ws.send('12345');
    await peer.next();

    const read = async () => (await request(address)).body;
    const text = await read();

    for (const line of [
      '# TYPE websocket_messages_total counter',
      'websocket_messages_total{way="received"} 1',
      'websocket_payload_bytes_total{way="sent"} 5',
      'websocket_wire_bytes_total{way="received"} 11',
      'websocket_opened_total 1'
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} is not in ${text}`);
    }

    await peer.close();
    // The server sees the end a little later, once.
    while (!/^websocket_closed_total\{code="1000"\} 1$/m.test(await read())) {
      assert.doesNotMatch(await read(), /^websocket_closed_total.* [2-9]/m);
    }
    assert.match(await read(), /^websocket_opened_total 1$/m);
  });

  it('says what to install if prom-client is missing', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metrics-'));
    const file = path.join(folder, 'examples/metrics.js');

    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.mkdirSync(path.dirname(file));
    fs.copyFileSync(path.join(__dirname, '../examples/metrics.js'), file);
    fs.writeFileSync(
      path.join(folder, 'index.js'),
      `module.exports = require(${JSON.stringify(path.join(__dirname, '..'))});`
    );

    const program = start(t, file);

    assert.strictEqual((await program.ended).code, 1);
    assert.match(program.stderr, /needs prom-client: npm install prom-client/);
  });
});

describe('examples/no-server.js', () => {
  it('has another WebSocket server on each path', async (t) => {
    const url = await start(t, 'examples/no-server.js').url();
    const echo = await connect(`${url}/echo?query`);
    const clock = await connect(`${url}/clock`);

    echo.ws.send('twice');
    assert.strictEqual(await echo.next(), 'twice');

    const first = new Date(await clock.next());
    const second = new Date(await clock.next());

    assert.ok(second - first > 500, `${second - first} ms between two ticks`);
    await Promise.all([echo.close(), clock.close()]);
  });

  it('answers 404 on other paths and serves plain requests', async (t) => {
    const url = await start(t, 'examples/no-server.js').url();

    assert.strictEqual((await refusal(`${url}/other`)).statusCode, 404);
    assert.match((await request(url)).body, /^Connect a WebSocket to/);
  });
});

describe('examples/tls.js', () => {
  it('echoes over TLS to a client that trusts its certificate', async (t) => {
    const program = start(t, 'examples/tls.js');
    const [url] = await program.printed(/wss:\/\/localhost:\d+/);
    const [cert] = program.stdout.match(/-----BEGIN[^]+END CERTIFICATE-----/);
    const peer = await connect(url, { ca: cert });

    peer.ws.send('secret');
    assert.strictEqual(await peer.next(), 'secret');
    await peer.close();
    await program.printed(/The server answers: Hello over TLS/);

    const page = https.get(url.replace('wss', 'https'), {
      agent: false,
      ca: cert
    });
    const [response] = await once(page, 'response');

    assert.strictEqual(
      await text(response),
      'Connect a WebSocket to this address.\n'
    );
  });

  it('is not trusted by a client that does not know the certificate', async (t) => {
    const program = start(t, 'examples/tls.js');
    const [url] = await program.printed(/wss:\/\/localhost:\d+/);

    await assert.rejects(connect(url), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

describe('examples/self-signed.js', () => {
  it('makes a certificate that signs itself, valid today, for localhost', () => {
    const { selfSigned } = require('../examples/self-signed.js');
    const pair = selfSigned();
    const cert = new crypto.X509Certificate(pair.cert);

    assert.ok(cert.verify(cert.publicKey));
    assert.ok(cert.checkPrivateKey(crypto.createPrivateKey(pair.key)));
    assert.strictEqual(cert.checkHost('localhost'), 'localhost');
    assert.strictEqual(cert.checkIP('127.0.0.1'), '127.0.0.1');
    assert.strictEqual(cert.checkHost('example.com'), undefined);
    assert.ok(new Date(cert.validFrom) < new Date());
    assert.ok(new Date(cert.validTo) > new Date());
  });
});

describe('examples/client.js', () => {
  it('sends the lines it reads and prints what comes', async (t) => {
    const wss = new WebSocket.Server({ host: '127.0.0.1', port: 0 });

    t.after(() => wss.close());
    wss.on('connection', (ws) => {
      ws.on('message', (data) => ws.send(`[${data}]`));
      ws.send(Buffer.alloc(7));
    });
    await once(wss, 'listening');

    const url = `ws://127.0.0.1:${wss.address().port}`;
    const program = start(t, 'examples/client.js', { args: [url] });

    program.child.stdin.end('one\ntwo\n');
    assert.deepStrictEqual(await program.ended, { code: 0, signal: null });
    assert.deepStrictEqual(program.stdout.split('\n'), [
      `Connected to ${url}`,
      '< 7 bytes',
      '< [one]',
      '< [two]',
      'Closed: 1000',
      ''
    ]);
  });

  it('brings an echo server along if it is given no address', async (t) => {
    const program = start(t, 'examples/client.js');

    program.child.stdin.write('hello\n');
    await program.printed(/^< hello$/m);
    program.child.stdin.end();
    assert.strictEqual((await program.ended).code, 0);
  });

  it('says why it cannot connect and ends with 1', async (t) => {
    const args = ['ws://127.0.0.1:1'];
    const program = start(t, 'examples/client.js', { args });

    assert.strictEqual((await program.ended).code, 1);
    assert.match(program.stderr, /^Failed: .*ECONNREFUSED/);
  });
});

describe('examples/stream-pipe.js', () => {
  it('carries a file of eight mebibytes across unchanged', async (t) => {
    const file = path.join(os.tmpdir(), `ws-rs-${crypto.randomUUID()}`);
    const content = crypto.randomBytes(8 * 1024 * 1024).toString('latin1');

    fs.writeFileSync(file, content);
    t.after(() => fs.rmSync(file));

    const program = start(t, 'examples/stream-pipe.js', { args: [file] });

    assert.strictEqual((await program.ended).code, 0, program.stderr);
    assert.ok(program.stdout === content, 'the content differs');
  });

  it('fails if there is no such file', async (t) => {
    const args = ['/no/such/file'];
    const program = start(t, 'examples/stream-pipe.js', { args });

    assert.strictEqual((await program.ended).code, 1);
    assert.match(program.stderr, /ENOENT/);
  });
});

describe('examples/session-auth.js', () => {
  for (const where of ['/upgrade', '/verify']) {
    it(`answers 401 on ${where} without a session`, async (t) => {
      const url = await start(t, 'examples/session-auth.js').url();

      assert.strictEqual((await refusal(url + where)).statusCode, 401);
    });

    it(`knows on ${where} who has logged in, until the logout`, async (t) => {
      const url = await start(t, 'examples/session-auth.js').url();
      const headers = { cookie: await login(url, 'Ada') };
      const peer = await connect(url + where, { headers });

      assert.strictEqual(await peer.next(), 'Welcome, Ada');
      peer.ws.send('hi');
      assert.strictEqual(await peer.next(), 'Ada, you said: hi');

      await post(`${url}/logout`, '', headers);
      assert.strictEqual((await peer.closed).code, 4001);
      assert.strictEqual(
        (await refusal(url + where, { headers })).statusCode,
        401
      );
    });

    it(`refuses on ${where} a forged cookie and a foreign origin`, async (t) => {
      const url = await start(t, 'examples/session-auth.js').url();
      const cookie = await login(url, 'Ada');
      const other = cookie.at(-2) === 'A' ? 'B' : 'A';
      const forged = { cookie: cookie.slice(0, -2) + other + cookie.slice(-1) };
      const foreign = { cookie, origin: 'https://example.com' };

      for (const headers of [forged, foreign]) {
        const { statusCode } = await refusal(url + where, { headers });

        assert.strictEqual(statusCode, 401, JSON.stringify(headers));
      }
    });
  }

  async function login(url, name) {
    const response = await post(`${url}/login`, `name=${name}`);
    const [cookie] = response.headers['set-cookie'][0].split(';');

    return cookie;
  }

  function post(url, body, headers) {
    return request(url, {
      body,
      headers: {
        ...headers,
        'Content-Type': 'application/x-www-form-urlencoded'
      },
      method: 'POST'
    });
  }
});
