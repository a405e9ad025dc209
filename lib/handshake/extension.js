'use strict';

const HeaderScanner = require('./header-scanner');

/**
 * Parses a `Sec-WebSocket-Extensions` header (RFC 6455, section 9.1).
 *
 * @param {String} header The header value
 * @return {Object<String, Array<Object<String, Array<String|true>>>>} For each
 *     extension, in order of preference, its offers; for each offer its
 *     parameters with all their values, `true` where there is none. The objects
 *     have no prototype
 * @throws {SyntaxError} If the value is malformed
 */
function parse(header) {
  const scanner = new HeaderScanner(header);
  const extensions = Object.create(null);
  let separator;

  do {
    const name = scanner.token();
    const parameters = Object.create(null);

    separator = scanner.separator(',;');

    while (separator === ';') {
      const key = scanner.token();
      const value = scanner.skip('=') ? scanner.tokenOrQuoted() : true;

      append(parameters, key, value);
      separator = scanner.separator(',;');
    }

    append(extensions, name, parameters);
  } while (separator === ',');

  return extensions;
}

/**
 * Builds a `Sec-WebSocket-Extensions` header, the reverse of `parse()`.
 *
 * @param {Object} extensions For each extension an offer or an array of offers;
 *     in an offer, for each parameter a value or an array of values
 * @return {String} The header value
 */
function format(extensions) {
  return Object.entries(extensions)
    .flatMap(([name, offers]) =>
      [offers].flat().map((offer) => [name, ...formatOffer(offer)].join('; '))
    )
    .join(', ');
}

function formatOffer(offer) {
  return Object.entries(offer).map(([key, values]) =>
    (Array.isArray(values) ? values : [values])
      .map((value) => (value === true ? key : `${key}=${value}`))
      .join('; ')
  );
}

function append(lists, key, value) {
  if (lists[key] === undefined) lists[key] = [value];
  else lists[key].push(value);
}

module.exports = { format, parse };
