'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const RequestIdentity = require('../../lib/handshake/client-redirect');
const { resolveUrl, toTarget } = require('../../lib/handshake/client-url');

const HEADERS = {
  authorization: 'A',
  COOKIE: 'b=c',
  Host: 'virtual',
  'X-Y': 1
};
const WITHOUT_SECRETS = { Host: 'virtual', 'X-Y': 1 };
const WITHOUT_ANY = { 'X-Y': 1 };

const target = (address) => toTarget(resolveUrl(address));

/** Headers sent to the second address by a program that knows the first. */
function headersAfter(first, second, keepSecrets) {
  const identity = new RequestIdentity(target(first), { headers: HEADERS });

  identity.optionsFor(target(first));

  return identity.optionsFor(target(second), keepSecrets).headers;
}

describe('RequestIdentity', () => {
  it('sends everything to the host of the first request', () => {
    assert.deepStrictEqual(headersAfter('ws://a/x', 'ws://a/y'), HEADERS);
    assert.deepStrictEqual(headersAfter('ws://a', 'wss://a'), HEADERS);
    assert.deepStrictEqual(
      headersAfter('ws+unix:/s:/x', 'ws+unix:/s:/y'),
      HEADERS
    );
  });

  it('drops secrets and the Host header for another host', () => {
    for (const [first, second] of [
      ['ws://a', 'ws://b'],
      ['ws://a:81', 'ws://a:82'],
      ['ws://a', 'ws+unix:/s'],
      ['ws+unix:/s', 'ws://localhost'],
      ['ws+unix:/s', 'ws+unix:/t']
    ]) {
      assert.deepStrictEqual(headersAfter(first, second), WITHOUT_ANY);
    }
  });

  it('drops secrets but not the Host header when TLS is given up', () => {
    assert.deepStrictEqual(headersAfter('wss://a', 'ws://a'), WITHOUT_SECRETS);
  });

  it('drops nothing when the program decides itself', () => {
    assert.deepStrictEqual(headersAfter('wss://a', 'ws://b', true), HEADERS);
  });

  it('sends the secrets again after a way back to the first host', () => {
    const identity = new RequestIdentity(target('ws://a'), { auth: 'u:p' });

    assert.strictEqual(identity.optionsFor(target('ws://a')).auth, 'u:p');
    assert.deepStrictEqual(identity.optionsFor(target('ws://b')), {
      auth: undefined,
      headers: {}
    });
    assert.strictEqual(identity.optionsFor(target('ws://a')).auth, 'u:p');
  });

  it('does not send the userinfo of a redirect to another host', () => {
    const identity = new RequestIdentity(target('ws://a'));

    assert.deepStrictEqual(identity.optionsFor(target('ws://u:p@b')), {
      auth: undefined,
      headers: {}
    });
  });

  it('prefers the userinfo of the URL to the `auth` option', () => {
    const first = target('ws://url:x@a');
    const identity = new RequestIdentity(first, { auth: 'option:x' });

    assert.strictEqual(identity.optionsFor(first).auth, 'url:x');
  });

  it('keeps the first credentials for later requests', () => {
    const first = target('ws://foo:bar@a');
    const identity = new RequestIdentity(first);

    for (const next of [first, target('ws://baz:qux@a'), target('ws://a')]) {
      assert.strictEqual(identity.optionsFor(next).auth, 'foo:bar');
    }
  });

  it('takes credentials from a redirect to the same host', () => {
    const identity = new RequestIdentity(target('ws://a'));

    for (const next of ['ws://foo:bar@a', 'ws://a']) {
      assert.strictEqual(identity.optionsFor(target(next)).auth, 'foo:bar');
    }
  });

  it('does not let the caller change the headers of later requests', () => {
    const headers = { 'X-Y': 1 };
    const identity = new RequestIdentity(target('ws://a'), { headers });

    identity.optionsFor(target('ws://a')).headers.more = 'x';

    assert.deepStrictEqual(headers, { 'X-Y': 1 });
    assert.deepStrictEqual(
      identity.optionsFor(target('ws://a')).headers,
      headers
    );
  });
});
