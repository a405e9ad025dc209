'use strict';

/**
 * What bundlers put in place of this package.
 *
 * @throws {Error} Always
 */
module.exports = function () {
  throw new Error(
    'ws does not work in the browser. Browser clients must use the native ' +
      'WebSocket object'
  );
};
