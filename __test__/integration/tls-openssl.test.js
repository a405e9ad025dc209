'use strict';

const assert = require('node:assert');
const { execFile, execFileSync, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { openTls, serveTls } = require('../support/own-tls');
const { selfSigned } = require('../../examples/self-signed');

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout;
const skip =
  (!isAvailable && 'TLS is of Node without the native wire') ||
  (!version && 'there is no openssl') ||
  // That of macOS is LibreSSL, which knows neither -brief nor @SECLEVEL.
  (!version.startsWith('OpenSSL ') && `openssl is ${version.trim()}`);

/** What `openssl s_client` says of a server, to which it sends `input`. */
function ask(port, args, input = '') {
  return new Promise((resolve) => {
    const child = execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, ...args],
      (error, stdout, stderr) => {
        resolve({ failed: error !== null, text: stdout + stderr });
      }
    );

    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

describe('a certificate of an authority', { skip }, () => {
  it('has its issuers behind it, also those that are only trusted', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-issuer-'));
    const file = (name) => path.join(folder, name);
    const read = (name) => fs.readFileSync(file(name));
    const openssl = (...args) =>
      execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const curve = [
      ...['-newkey', 'ec', '-nodes'],
      ...['-pkeyopt', 'ec_paramgen_curve:prime256v1']
    ];
    const sign = (name, issuer, extensions) => {
      fs.writeFileSync(file(`${name}.ext`), extensions);
      openssl(
        ...['req', ...curve, '-subj', `/CN=${name}`],
        ...['-keyout', `${name}.key`, '-out', `${name}.csr`]
      );
      openssl(
        ...['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`],
        ...['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`],
        ...['-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`]
      );
    };

    t.after(() => fs.rmSync(folder, { force: true, recursive: true }));
    openssl(
      ...['req', '-x509', ...curve, '-subj', '/CN=root', '-days', '2'],
      ...['-keyout', 'root.key', '-out', 'root.crt']
    );
    sign('middle', 'root', 'basicConstraints=critical,CA:TRUE');
    sign('leaf', 'middle', 'basicConstraints=CA:FALSE');

    const server = await serveTls(t, {
      // Another one in the same text, as in bundles.
      ca: [Buffer.concat([Buffer.from(selfSigned().cert), read('root.crt')])],
      requestCert: true
    });

    const { peer } = await openTls(t, server, {
      cert: Buffer.concat([read('leaf.crt'), read('middle.crt')]),
      key: read('leaf.key')
    });
    const seen = [];
    let one = peer._socket.getPeerCertificate(true);

    for (; !seen.includes(one.subject.CN); one = one.issuerCertificate) {
      seen.push(one.subject.CN);
    }

    assert.deepStrictEqual(seen, ['leaf', 'middle', 'root']);
    // The root has issued itself.
    assert.strictEqual(one.subject.CN, 'root');
    assert.strictEqual(
      peer._socket.getPeerCertificate().issuerCertificate,
      undefined
    );
  });
});

describe('openssl s_client', { skip }, () => {
  for (const [version, name] of [
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3']
  ]) {
    it(`speaks ${name}, with forward secrecy and no compression`, async (t) => {
      const { port } = await serveTls(t);
      const { failed, text } = await ask(port, [version, '-brief']);

      assert.ok(!failed, text);
      assert.match(text, new RegExp(`Protocol version: ${name}`));
      assert.match(text, /Ciphersuite: (TLS_|ECDHE-)\S*(GCM|POLY1305)/);
      assert.match(text, /Server Temp Key: X25519|Peer Temp Key: X25519/);
    });
  }

  for (const version of ['-tls1', '-tls1_1']) {
    it(`cannot speak ${version.slice(1)}`, async (t) => {
      const { port } = await serveTls(t);
      const { failed, text } = await ask(port, [
        version,
        '-cipher',
        'ALL:@SECLEVEL=0'
      ]);

      assert.ok(failed);
      assert.match(
        text,
        /alert (protocol version|handshake failure)|unsupported protocol/i
      );
    });
  }

  for (const suite of [
    'AES128-SHA',
    'AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES256-SHA384',
    'DHE-RSA-AES128-GCM-SHA256',
    'aNULL',
    'eNULL',
    'PSK'
  ]) {
    it(`cannot have ${suite}`, async (t) => {
      const { port } = await serveTls(t);
      const { failed, text } = await ask(port, [
        '-tls1_2',
        '-cipher',
        `${suite}:@SECLEVEL=0`
      ]);

      assert.ok(failed);
      assert.match(text, /handshake failure|no ciphers available|alert/i);
    });
  }

  it('cannot renegotiate', async (t) => {
    const { port, url, wss } = await serveTls(t);
    const { text } = await ask(port, ['-tls1_2'], 'R\n');

    assert.match(text, /RENEGOTIATING/);
    assert.match(text, /no renegotiation|unexpected|alert/i);
    assert.ok(url && wss);
  });

  it('is told apart with a certificate of an authority', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-tls-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) =>
      path.join(folder, name)
    );

    t.after(() => fs.rmSync(folder, { force: true, recursive: true }));
    spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-nodes', '-subj', '/CN=client'],
      ...['-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2'],
      ...['-keyout', key, '-out', cert]
    ]);

    const { port, wss } = await serveTls(t, {
      ca: fs.readFileSync(cert),
      requestCert: true
    });
    const [[error]] = await Promise.all([
      once(wss, 'tlsClientError'),
      ask(port, ['-key', key, '-cert', cert])
    ]);

    assert.strictEqual(error.code, 'ERR_SSL_CERTIFICATE_VERIFY_FAILED');
    assert.match(error.message, /an authority \(CA:TRUE\)/);
  });

  it('is not trusted for being signed by one that is no authority, as with Node', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-tls-'));
    const read = (name) => fs.readFileSync(path.join(folder, name));
    const openssl = (...args) => execFileSync('openssl', args, quiet);
    const quiet = { cwd: folder, stdio: 'pipe' };
    const trusted = selfSigned();

    t.after(() => fs.rmSync(folder, { force: true, recursive: true }));
    fs.writeFileSync(path.join(folder, 'trusted.crt'), trusted.cert);
    fs.writeFileSync(path.join(folder, 'trusted.key'), trusted.key);
    fs.writeFileSync(path.join(folder, 'ext'), 'basicConstraints=CA:FALSE');
    openssl(
      ...['req', '-newkey', 'ec', '-nodes', '-subj', '/CN=admin'],
      ...['-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-keyout', 'admin.key', '-out', 'admin.csr']
    );
    openssl(
      ...['x509', '-req', '-in', 'admin.csr', '-out', 'admin.crt'],
      ...['-CA', 'trusted.crt', '-CAkey', 'trusted.key', '-CAcreateserial'],
      ...['-days', '2', '-extfile', 'ext']
    );

    for (const accept of ['native', 'node']) {
      const server = await serveTls(
        t,
        { ca: trusted.cert, rejectUnauthorized: false, requestCert: true },
        { accept }
      );
      const known = await openTls(t, server, trusted);
      const other = await openTls(t, server, {
        cert: read('admin.crt'),
        key: read('admin.key')
      });

      assert.strictEqual(known.request.socket.authorized, true);
      assert.strictEqual(other.request.socket.authorized, false);
    }
  });

  it('says why it does not trust the server, which is passed on', async (t) => {
    const { port, wss } = await serveTls(t);
    const [[error]] = await Promise.all([
      once(wss, 'tlsClientError'),
      ask(port, ['-verify_return_error'])
    ]);

    assert.match(error.code, /^ERR_SSL_(SSLV3|TLSV1)_ALERT_\w+$/);
  });
});
