'use strict';

// PerMessageDeflate with promises, and what zlib makes of its messages.

const zlib = require('node:zlib');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const { hex } = require('./events');

/** What `Z_SYNC_FLUSH` ends with, and a message leaves out (RFC 7692, 7.2.1). */
const TRAILER = hex('00 00 ff ff');

function agreed(options, parameters = {}) {
  const pmd = new PerMessageDeflate(options);

  pmd.accept([parameters]);
  return pmd;
}

function compress(pmd, data, fin = true) {
  return new Promise((resolve, reject) => {
    pmd.compress(data, fin, (err, result) =>
      err ? reject(err) : resolve(result)
    );
  });
}

function decompress(pmd, data, fin = true) {
  return new Promise((resolve, reject) => {
    pmd.decompress(data, fin, (err, result) =>
      err ? reject(err) : resolve(result)
    );
  });
}

/** What zlib makes of a message whose sender has no context yet. */
function inflate(message, options) {
  return zlib.inflateRawSync(Buffer.concat([message, TRAILER]), {
    finishFlush: zlib.constants.Z_SYNC_FLUSH,
    ...options
  });
}

module.exports = { agreed, compress, decompress, inflate, TRAILER };
