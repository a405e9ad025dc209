'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { resolveUrl, toTarget } = require('../../lib/handshake/client-url');

const target = (address) => toTarget(resolveUrl(address));

describe('resolveUrl', () => {
  it('maps the HTTP schemes to the WebSocket schemes', () => {
    assert.strictEqual(resolveUrl('http://host/a').href, 'ws://host/a');
    assert.strictEqual(resolveUrl('https://host/a').href, 'wss://host/a');
    assert.strictEqual(resolveUrl('WS://HOST:80').href, 'ws://host/');
  });

  it('leaves a URL object as it is', () => {
    const address = new URL('https://host/a');
    const url = resolveUrl(address);

    assert.strictEqual(url.href, 'wss://host/a');
    assert.strictEqual(address.href, 'https://host/a');
  });

  it('asks an object of a class of the program for its own properties', () => {
    class Tunnelled extends URL {
      get host() {
        return 'proxy:81';
      }

      get hostname() {
        return 'proxy';
      }

      get pathname() {
        return '/tunnel';
      }

      get port() {
        return '81';
      }
    }

    const url = resolveUrl(new Tunnelled('ws://host/chat?a=1'));
    const { host, hostname, path, port } = toTarget(url);

    assert.strictEqual(url.href, 'ws://host/chat?a=1');
    assert.deepStrictEqual(
      { host, hostname, path, port },
      { host: 'proxy:81', hostname: 'proxy', path: '/tunnel?a=1', port: '81' }
    );
  });

  it('lets out what an address throws that is asked for its class', () => {
    const address = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new RangeError('Oops');
        }
      }
    );

    assert.throws(() => resolveUrl(address), RangeError);
  });

  it('resolves a relative address against a base', () => {
    assert.strictEqual(
      resolveUrl('/b?c', 'wss://host:8443/a').href,
      'wss://host:8443/b?c'
    );
  });

  it('names what is not a URL in the error', () => {
    for (const address of ['foo', '', undefined, 5, 'ws://']) {
      assert.throws(() => resolveUrl(address), {
        name: 'SyntaxError',
        message: `Invalid URL: ${address}`
      });
    }
  });
});

describe('toTarget', () => {
  it('gives the default ports as numbers and others as strings', () => {
    assert.strictEqual(target('ws://host').port, 80);
    assert.strictEqual(target('wss://host').port, 443);
    assert.strictEqual(target('ws://host:443').port, '443');
  });

  it('uses TLS for secure schemes only', () => {
    assert.strictEqual(target('https://host').secure, true);
    assert.strictEqual(target('http://host').secure, false);
    assert.strictEqual(target('ws+unix:/run/s').secure, false);
  });

  it('requests the path with its query', () => {
    assert.strictEqual(target('ws://host').path, '/');
    assert.strictEqual(target('ws://host/a%20b?c=:d').path, '/a%20b?c=:d');
  });

  it('takes the brackets off an IPv6 address', () => {
    const { host, hostname } = target('ws://[::1]:90');

    assert.strictEqual(hostname, '::1');
    assert.strictEqual(host, '[::1]:90');
  });

  it('decodes userinfo without failing on a stray percent sign', () => {
    assert.strictEqual(target('ws://host').auth, undefined);
    assert.strictEqual(target('ws://us%20er:p%3Aw@host').auth, 'us er:p:w');
    assert.strictEqual(target('ws://user@host').auth, 'user:');
    assert.strictEqual(target('ws://:word@host').auth, ':word');
    assert.strictEqual(target('ws://100%zz:p@host').auth, '100%zz:p');
  });

  it('splits a ws+unix address at its first colon only', () => {
    const { host, ipc, path, socketPath } = target('ws+unix:/s:/p?q=1:2');

    assert.strictEqual(ipc, true);
    assert.strictEqual(host, '');
    assert.strictEqual(socketPath, '/s');
    assert.strictEqual(path, '/p?q=1:2');
  });

  it('requests the empty path of a ws+unix address without a colon', () => {
    assert.strictEqual(target('ws+unix:/s').socketPath, '/s');
    assert.strictEqual(target('ws+unix:/s').path, '');
    assert.strictEqual(target('ws+unix:/s:').path, '');
  });

  it('has a socket path for ws+unix only', () => {
    assert.strictEqual(target('ws://host/a:b').socketPath, undefined);
    assert.strictEqual(target('ws://host/a:b').path, '/a:b');
  });

  it('refuses other schemes', () => {
    assert.throws(() => target('ftp://host'), {
      name: 'SyntaxError',
      message:
        'The URL\'s protocol must be one of "ws:", "wss:", "http:", ' +
        '"https:", or "ws+unix:"'
    });
  });

  it('refuses a ws+unix address that names no socket', () => {
    assert.throws(() => target('ws+unix:'), {
      name: 'SyntaxError',
      message: "The URL's pathname is empty"
    });
  });

  it('refuses a fragment', () => {
    assert.throws(() => target('ws://host/a#b'), {
      name: 'SyntaxError',
      message: 'The URL contains a fragment identifier'
    });
  });
});
