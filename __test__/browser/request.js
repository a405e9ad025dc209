'use strict';

const { once } = require('node:events');
const http = require('node:http');
const { text } = require('node:stream/consumers');

/**
 * One request, without what `fetch()` does of its own accord. It also works under
 * Wine, where undici, which that is of, connects to nobody.
 *
 * @param {string} url where to
 * @param {object} [options]
 * @param {string} [options.body] what to send
 * @param {object} [options.headers] its headers
 * @param {string} [options.method] GET by default
 * @returns {Promise<{body: string, headers: object, status: number}>} the answer
 */
async function request(url, { body, headers, method } = {}) {
  const outgoing = http.request(url, { agent: false, headers, method });

  outgoing.end(body);

  const [response] = await once(outgoing, 'response');

  return {
    body: await text(response),
    headers: response.headers,
    status: response.statusCode
  };
}

module.exports = { request };
