'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const negotiation = require('../../lib/compression/negotiation');

const NO_OFFER = { message: 'None of the extension offers can be accepted' };

describe('offer', () => {
  it('asks for the client window by default', () => {
    assert.deepStrictEqual(negotiation.offer({}), {
      client_max_window_bits: true
    });
  });

  it('has what the options say', () => {
    assert.deepStrictEqual(
      negotiation.offer({
        clientMaxWindowBits: 11,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        serverNoContextTakeover: true
      }),
      {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 10,
        client_max_window_bits: 11
      }
    );
  });

  it('leaves the client window out if it may not be limited', () => {
    assert.deepStrictEqual(
      negotiation.offer({ clientMaxWindowBits: false }),
      {}
    );
  });
});

describe('normalize', () => {
  it('turns lists into values, in the same objects', () => {
    const parameters = Object.assign(Object.create(null), {
      client_max_window_bits: ['8'],
      client_no_context_takeover: [true],
      server_max_window_bits: [15],
      server_no_context_takeover: [true]
    });
    const configurations = [parameters];

    assert.strictEqual(
      negotiation.normalize(configurations, true),
      configurations
    );
    assert.deepStrictEqual(configurations, [
      {
        __proto__: null,
        client_max_window_bits: 8,
        client_no_context_takeover: true,
        server_max_window_bits: 15,
        server_no_context_takeover: true
      }
    ]);
  });

  it('lets only a client name its window without a number', () => {
    const offered = [{ client_max_window_bits: [true] }];

    assert.deepStrictEqual(negotiation.normalize(offered, true), [
      { client_max_window_bits: true }
    ]);
    assert.throws(
      () => negotiation.normalize([{ client_max_window_bits: [true] }], false),
      {
        name: 'TypeError',
        message: 'Invalid value for parameter "client_max_window_bits": true'
      }
    );
  });

  it('refuses a parameter that is repeated', () => {
    assert.throws(
      () =>
        negotiation.normalize(
          [{ server_no_context_takeover: [true, true] }],
          true
        ),
      {
        message:
          'Parameter "server_no_context_takeover" must have only a single value'
      }
    );
  });

  it('refuses a parameter that RFC 7692 does not have', () => {
    assert.throws(() => negotiation.normalize([{ foo: [true] }], true), {
      message: 'Unknown parameter "foo"'
    });
  });

  for (const [name, value] of [
    ['server_no_context_takeover', '10'],
    ['client_no_context_takeover', '1'],
    ['server_max_window_bits', true],
    ['server_max_window_bits', '7'],
    ['server_max_window_bits', '16'],
    ['server_max_window_bits', '8.5'],
    ['client_max_window_bits', 'a']
  ]) {
    it(`refuses ${value} as the value of ${name}`, () => {
      assert.throws(() => negotiation.normalize([{ [name]: [value] }], true), {
        name: 'TypeError',
        message: `Invalid value for parameter "${name}": ${value}`
      });
    });
  }
});

describe('acceptOffer', () => {
  it('takes the first offer that it can take', () => {
    const offers = [{ server_max_window_bits: 8 }, {}];

    assert.strictEqual(
      negotiation.acceptOffer(offers, { serverMaxWindowBits: false }),
      offers[1]
    );
  });

  it('puts the wishes of the server in', () => {
    assert.deepStrictEqual(
      negotiation.acceptOffer([{ client_max_window_bits: true }], {
        clientMaxWindowBits: 9,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        serverNoContextTakeover: true
      }),
      {
        client_max_window_bits: 9,
        client_no_context_takeover: true,
        server_max_window_bits: 10,
        server_no_context_takeover: true
      }
    );
  });

  it('answers nothing to a client window without a number', () => {
    assert.deepStrictEqual(
      negotiation.acceptOffer([{ client_max_window_bits: true }], {}),
      {}
    );
    assert.deepStrictEqual(
      negotiation.acceptOffer([{ client_max_window_bits: 9 }], {}),
      { client_max_window_bits: 9 }
    );
    assert.deepStrictEqual(
      negotiation.acceptOffer([{ client_max_window_bits: 9 }], {
        clientMaxWindowBits: false
      }),
      {}
    );
  });

  it('keeps a server window that the client made smaller', () => {
    assert.deepStrictEqual(
      negotiation.acceptOffer([{ server_max_window_bits: 10 }], {
        serverMaxWindowBits: true
      }),
      { server_max_window_bits: 10 }
    );
  });

  for (const [what, offered, options] of [
    [
      'no server context, which the options forbid',
      { server_no_context_takeover: true },
      { serverNoContextTakeover: false }
    ],
    [
      'a server window below the one of the options',
      { server_max_window_bits: 10 },
      { serverMaxWindowBits: 11 }
    ],
    [
      'no client window, where the options want one',
      {},
      { clientMaxWindowBits: 10 }
    ],
    [
      'a client window below the one of the options',
      { client_max_window_bits: 10 },
      { clientMaxWindowBits: 11 }
    ]
  ]) {
    it(`refuses an offer of ${what}`, () => {
      assert.throws(
        () => negotiation.acceptOffer([offered], options),
        NO_OFFER
      );
    });
  }

  it('refuses an empty list of offers', () => {
    assert.throws(() => negotiation.acceptOffer([], {}), NO_OFFER);
  });
});

describe('acceptAnswer', () => {
  it('uses the window of the options if the server names none', () => {
    assert.deepStrictEqual(
      negotiation.acceptAnswer([{}], { clientMaxWindowBits: 9 }),
      { client_max_window_bits: 9 }
    );
  });

  it('takes a smaller client window than was offered', () => {
    const answer = { client_max_window_bits: 9 };

    assert.strictEqual(
      negotiation.acceptAnswer([answer], { clientMaxWindowBits: 10 }),
      answer
    );
    assert.strictEqual(negotiation.acceptAnswer([answer], {}), answer);
  });

  for (const clientMaxWindowBits of [false, 10]) {
    it(`refuses a client window of 11 if ${clientMaxWindowBits} was offered`, () => {
      assert.throws(
        () =>
          negotiation.acceptAnswer([{ client_max_window_bits: 11 }], {
            clientMaxWindowBits
          }),
        {
          message: 'Unexpected or invalid parameter "client_max_window_bits"'
        }
      );
    });
  }

  it('refuses to forget the context if the options say so', () => {
    assert.throws(
      () =>
        negotiation.acceptAnswer([{ client_no_context_takeover: true }], {
          clientNoContextTakeover: false
        }),
      { message: 'Unexpected parameter "client_no_context_takeover"' }
    );
  });
});

describe('normalize', () => {
  it('goes through whatever has a forEach()', () => {
    const parameters = { server_max_window_bits: ['10'] };

    negotiation.normalize(new Map([['any', parameters]]), true);
    assert.deepStrictEqual(parameters, { server_max_window_bits: 10 });
    assert.throws(() => negotiation.normalize('ab', true), TypeError);
  });

  it('takes no bigint for a number of bits', () => {
    const offers = [{ server_max_window_bits: [10n] }];

    assert.throws(() => negotiation.normalize(offers, true), TypeError);
  });
});
