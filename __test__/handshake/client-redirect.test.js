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
const ALL = { authorization: 'A', cookie: 'b=c', host: 'virtual', 'x-y': 1 };
const WITHOUT_SECRETS = { host: 'virtual', 'x-y': 1 };
const WITHOUT_ANY = { 'x-y': 1 };

const target = (address) => toTarget(resolveUrl(address));

/** Headers sent to the second address by a program that knows the first. */
function headersAfter(first, second, keepSecrets) {
  const identity = new RequestIdentity(target(first), { headers: HEADERS });

  return identity.next(target(second), keepSecrets).headers;
}

describe('RequestIdentity', () => {
  it('sends everything to the host of the first request', () => {
    assert.deepStrictEqual(headersAfter('ws://a/x', 'ws://a/y'), ALL);
    assert.deepStrictEqual(headersAfter('ws://a', 'wss://a'), ALL);
    assert.deepStrictEqual(headersAfter('ws+unix:/s:/x', 'ws+unix:/s:/y'), ALL);
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
    assert.deepStrictEqual(headersAfter('wss://a', 'ws://b', true), ALL);
  });

  it('has the names of the first request as they were given', () => {
    const first = target('ws://a');
    const identity = new RequestIdentity(first, { headers: HEADERS });

    assert.deepStrictEqual(identity.first(first).headers, HEADERS);
  });

  it('sends a name that is there in two ways once, with the last value', () => {
    const headers = { 'X-Y': 1, 'x-y': 2 };
    const identity = new RequestIdentity(target('ws://a'), { headers });

    assert.deepStrictEqual(identity.next(target('ws://a')).headers, {
      'x-y': 2
    });
  });

  it('sends the secrets again after a way back to the first host', () => {
    const identity = new RequestIdentity(target('ws://a'), { auth: 'u:p' });
    const all = { auth: 'u:p', headers: { authorization: 'Basic dTpw' } };

    assert.deepStrictEqual(identity.next(target('ws://a')), all);
    assert.deepStrictEqual(identity.next(target('ws://b')), {
      auth: undefined,
      headers: {}
    });
    assert.deepStrictEqual(identity.next(target('ws://a')), all);
  });

  it('does not send the userinfo of a redirect to another host', () => {
    const identity = new RequestIdentity(target('ws://a'));

    assert.deepStrictEqual(identity.next(target('ws://u:p@b')), {
      auth: undefined,
      headers: {}
    });
    assert.deepStrictEqual(identity.next(target('ws://a')).headers, {});
  });

  it('prefers the userinfo of the URL to the `auth` option', () => {
    const first = target('ws://url:x@a');
    const identity = new RequestIdentity(first, { auth: 'option:x' });

    assert.strictEqual(identity.first(first).auth, 'url:x');
  });

  it('keeps the first credentials, as a header, for later requests', () => {
    const identity = new RequestIdentity(target('ws://foo:bar@a'));

    for (const next of ['ws://foo:bar@a', 'ws://baz:qux@a', 'ws://a']) {
      assert.deepStrictEqual(identity.next(target(next)).headers, {
        authorization: 'Basic Zm9vOmJhcg=='
      });
    }
  });

  it('takes credentials from a redirect to the same host', () => {
    const identity = new RequestIdentity(target('ws://a'));

    // Node makes a header of the first.
    assert.deepStrictEqual(identity.next(target('ws://foo:bar@a')), {
      auth: 'foo:bar',
      headers: {}
    });
    assert.deepStrictEqual(identity.next(target('ws://a')), {
      auth: undefined,
      headers: { authorization: 'Basic Zm9vOmJhcg==' }
    });
  });

  it('does not let the caller change the headers of later requests', () => {
    const headers = { 'x-y': 1 };
    const identity = new RequestIdentity(target('ws://a'), { headers });

    identity.first(target('ws://a')).headers.more = 'x';
    identity.next(target('ws://a')).headers.more = 'x';

    assert.deepStrictEqual(headers, { 'x-y': 1 });
    assert.deepStrictEqual(identity.next(target('ws://a')).headers, headers);
  });
});
