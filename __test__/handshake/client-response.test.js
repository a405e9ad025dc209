'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const {
  extensionsProblem,
  findProblem
} = require('../../lib/handshake/client-response');

// The key and the answer in RFC 6455, section 1.3.
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Checks a response that is good but for what is given. */
function problem({ headers, perMessageDeflate = null, protocols = [] }) {
  const response = {
    upgrade: 'websocket',
    'sec-websocket-accept': ACCEPT,
    ...headers
  };

  return (
    findProblem(response, { key: KEY, protocols }) ??
    extensionsProblem(response['sec-websocket-extensions'], perMessageDeflate)
  );
}

function offeredDeflate() {
  const perMessageDeflate = new PerMessageDeflate({ isServer: false });

  perMessageDeflate.offer();

  return perMessageDeflate;
}

describe('findProblem', () => {
  it('finds none in the response of RFC 6455, section 1.3', () => {
    assert.strictEqual(problem({}), undefined);
  });

  it('ignores the case of the Upgrade header', () => {
    assert.strictEqual(
      problem({ headers: { upgrade: 'WebSocket' } }),
      undefined
    );
  });

  it('wants the Upgrade header to be there and to say websocket', () => {
    for (const upgrade of [undefined, '', 'h2c']) {
      assert.strictEqual(
        problem({ headers: { upgrade } }),
        'Invalid Upgrade header'
      );
    }
  });

  it('wants the answer to its own key', () => {
    for (const answer of [undefined, '', ACCEPT.toLowerCase()]) {
      assert.strictEqual(
        problem({ headers: { 'sec-websocket-accept': answer } }),
        'Invalid Sec-WebSocket-Accept header'
      );
    }
  });

  it('wants one of the subprotocols it asked for, exactly', () => {
    const check = (protocols, protocol) =>
      problem({ protocols, headers: { 'sec-websocket-protocol': protocol } });

    assert.strictEqual(check(['a', 'b'], 'b'), undefined);

    for (const protocol of ['', 'c', 'B', 'a, b']) {
      assert.strictEqual(
        check(['a', 'b'], protocol),
        'Server sent an invalid subprotocol'
      );
    }
  });

  it('wants a subprotocol if, and only if, it asked for one', () => {
    assert.strictEqual(
      problem({ protocols: ['a'] }),
      'Server sent no subprotocol'
    );

    for (const protocol of ['', 'a']) {
      assert.strictEqual(
        problem({ headers: { 'sec-websocket-protocol': protocol } }),
        'Server sent a subprotocol but none was requested'
      );
    }
  });

  it('wants no extensions if it offered none', () => {
    for (const extensions of ['', 'permessage-deflate', ';']) {
      assert.strictEqual(
        problem({ headers: { 'sec-websocket-extensions': extensions } }),
        'Server sent a Sec-WebSocket-Extensions header but no extension was ' +
          'requested'
      );
    }
  });

  it('puts the parameters of permessage-deflate into effect', () => {
    const perMessageDeflate = offeredDeflate();
    const headers = {
      'sec-websocket-extensions':
        'permessage-deflate; server_no_context_takeover'
    };

    assert.strictEqual(problem({ headers, perMessageDeflate }), undefined);
    assert.strictEqual(
      perMessageDeflate.params.server_no_context_takeover,
      true
    );
  });

  it('leaves permessage-deflate alone if the server does not want it', () => {
    const perMessageDeflate = offeredDeflate();

    assert.strictEqual(problem({ perMessageDeflate }), undefined);
    assert.strictEqual(perMessageDeflate.params, null);
  });

  it('wants a well-formed header with parameters that are possible', () => {
    for (const extensions of [
      '',
      'foo;=',
      'permessage-deflate; client_max_window_bits=7',
      'permessage-deflate; foo'
    ]) {
      assert.strictEqual(
        problem({
          headers: { 'sec-websocket-extensions': extensions },
          perMessageDeflate: offeredDeflate()
        }),
        'Invalid Sec-WebSocket-Extensions header'
      );
    }
  });

  it('wants no other extension, even next to permessage-deflate', () => {
    for (const extensions of [
      'foo',
      '__proto__',
      'permessage-deflate, foo',
      'foo, permessage-deflate'
    ]) {
      assert.strictEqual(
        problem({
          headers: { 'sec-websocket-extensions': extensions },
          perMessageDeflate: offeredDeflate()
        }),
        'Server indicated an extension that was not requested'
      );
    }
  });

  it('names the first problem of several', () => {
    const headers = { 'sec-websocket-extensions': 'foo' };

    assert.strictEqual(
      problem({ headers, protocols: ['a'] }),
      'Server sent no subprotocol'
    );
    headers['sec-websocket-accept'] = 'x';
    assert.strictEqual(
      problem({ headers, protocols: ['a'] }),
      'Invalid Sec-WebSocket-Accept header'
    );
    headers.upgrade = 'x';
    assert.strictEqual(
      problem({ headers, protocols: ['a'] }),
      'Invalid Upgrade header'
    );
  });
});
