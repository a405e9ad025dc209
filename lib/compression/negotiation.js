'use strict';

const MIN_WINDOW_BITS = 8;
const MAX_WINDOW_BITS = 15;

/** The parameters of RFC 7692, section 7.1: what a value of each must be. */
const PARAMETERS = new Map([
  ['client_max_window_bits', { parse: parseClientWindowBits }],
  ['client_no_context_takeover', { parse: parseFlag }],
  ['server_max_window_bits', { parse: parseWindowBits }],
  ['server_no_context_takeover', { parse: parseFlag }]
]);

/** `undefined` stands for an invalid value. */
function parseFlag(value) {
  return value === true ? true : undefined;
}

function parseWindowBits(value) {
  const bits = +value;

  return value !== true &&
    Number.isInteger(bits) &&
    bits >= MIN_WINDOW_BITS &&
    bits <= MAX_WINDOW_BITS
    ? bits
    : undefined;
}

/** A client may offer this one without a value; a server may not answer so. */
function parseClientWindowBits(value, isServer) {
  return value === true && isServer ? true : parseWindowBits(value);
}

/**
 * Turns the value lists of a parsed header into values, in place.
 *
 * @param {Object[]} configurations One object of value lists for each offer
 * @param {Boolean} isServer Whether these are a client's offers
 * @return {Object[]} The same objects
 * @throws {Error|TypeError} An unknown, repeated or invalid parameter
 */
function normalize(configurations, isServer) {
  configurations.forEach((parameters) => {
    for (const [name, values] of Object.entries(parameters)) {
      if (values.length > 1) {
        throw new Error(`Parameter "${name}" must have only a single value`);
      }

      const parameter = PARAMETERS.get(name);

      if (parameter === undefined) {
        throw new Error(`Unknown parameter "${name}"`);
      }

      const value = parameter.parse(values[0], isServer);

      if (value === undefined) {
        throw new TypeError(
          `Invalid value for parameter "${name}": ${values[0]}`
        );
      }

      parameters[name] = value;
    }
  });

  return configurations;
}

/**
 * @param {Object} options The client's options
 * @return {Object} The offer
 */
function offer(options) {
  const parameters = {};

  if (options.serverNoContextTakeover) {
    parameters.server_no_context_takeover = true;
  }
  if (options.clientNoContextTakeover) {
    parameters.client_no_context_takeover = true;
  }
  if (options.serverMaxWindowBits) {
    parameters.server_max_window_bits = options.serverMaxWindowBits;
  }
  if (options.clientMaxWindowBits) {
    parameters.client_max_window_bits = options.clientMaxWindowBits;
  } else if (options.clientMaxWindowBits == null) {
    parameters.client_max_window_bits = true;
  }

  return parameters;
}

/** Whether a server with these options can do what a client offers. */
function isAcceptable(parameters, options) {
  const { serverMaxWindowBits, clientMaxWindowBits } = options;
  const serverBits = parameters.server_max_window_bits;
  const clientBits = parameters.client_max_window_bits;

  if (
    parameters.server_no_context_takeover &&
    options.serverNoContextTakeover === false
  ) {
    return false;
  }

  if (serverBits !== undefined) {
    // The client wants our window no larger than this.
    if (serverMaxWindowBits === false) return false;
    if (typeof serverMaxWindowBits === 'number') {
      if (serverMaxWindowBits > serverBits) return false;
    }
  }

  if (typeof clientMaxWindowBits === 'number') {
    // A limit may only be answered to a client that offered to keep one, and
    // not above the one that it named.
    if (clientBits === undefined) return false;
    if (clientBits !== true && clientMaxWindowBits > clientBits) return false;
  }

  return true;
}

/**
 * @param {Object[]} offers The client's offers, normalized, best first
 * @param {Object} options The server's options
 * @return {Object} The first offer that can be accepted, with the server's
 *     wishes in it
 * @throws {Error} There is none
 */
function acceptOffer(offers, options) {
  const accepted = offers.find((offered) => isAcceptable(offered, options));

  if (accepted === undefined) {
    throw new Error('None of the extension offers can be accepted');
  }

  if (options.serverNoContextTakeover) {
    accepted.server_no_context_takeover = true;
  }
  if (options.clientNoContextTakeover) {
    accepted.client_no_context_takeover = true;
  }
  if (typeof options.serverMaxWindowBits === 'number') {
    accepted.server_max_window_bits = options.serverMaxWindowBits;
  }
  if (typeof options.clientMaxWindowBits === 'number') {
    accepted.client_max_window_bits = options.clientMaxWindowBits;
  } else if (
    options.clientMaxWindowBits === false ||
    accepted.client_max_window_bits === true
  ) {
    delete accepted.client_max_window_bits;
  }

  return accepted;
}

/**
 * @param {Object[]} answers The server's answer, normalized; the first counts
 * @param {Object} options The client's options
 * @return {Object} The answer, with the client's own window in it
 * @throws {Error} The answer has what the client did not offer
 */
function acceptAnswer([answer], options) {
  const { clientMaxWindowBits } = options;

  if (
    answer.client_no_context_takeover &&
    options.clientNoContextTakeover === false
  ) {
    throw new Error('Unexpected parameter "client_no_context_takeover"');
  }

  if (answer.client_max_window_bits === undefined) {
    if (typeof clientMaxWindowBits === 'number') {
      answer.client_max_window_bits = clientMaxWindowBits;
    }
  } else if (
    clientMaxWindowBits === false ||
    (typeof clientMaxWindowBits === 'number' &&
      answer.client_max_window_bits > clientMaxWindowBits)
  ) {
    throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
  }

  return answer;
}

module.exports = { acceptAnswer, acceptOffer, normalize, offer };
