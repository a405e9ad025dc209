'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ROOT } = require('./run');

/**
 * Makes a folder in which the tests of ws find a package where they expect
 * ws: a copy of the checkout's test/, beside `index.js` and `lib/` that lead
 * to the package. The lib/ of the checkout is not in it, so no test can pass by loading
 * the original, and no module loader has to be changed.
 *
 *     <folder>/test/      copied from the checkout
 *     <folder>/lib     -> <implementation>/lib
 *     <folder>/index.js   module.exports = require('<implementation>')
 *
 * @param {String} checkout The path of a checkout of websockets/ws
 * @param {String} [implementation] The package to test; default: this one
 * @return {{folder: String, remove: Function}} The folder, and what removes it
 * @throws {Error} If the path is not such a checkout
 */
function makeView(checkout, implementation = ROOT) {
  const tests = path.join(checkout, 'test');

  if (!fs.existsSync(path.join(tests, 'websocket.test.js'))) {
    throw new Error(
      `${checkout} is not a checkout of websockets/ws: it has no ` +
        'test/websocket.test.js. The npm package does not contain the tests; ' +
        'use `git clone https://github.com/websockets/ws`.'
    );
  }

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-suite-'));
  const entry = `module.exports = require(${JSON.stringify(implementation)});\n`;

  // Node resolves a link to the real file, so lib/x is the same module to the
  // tests as it is to the package itself. Copied files resolve to the view.
  fs.cpSync(tests, path.join(folder, 'test'), {
    dereference: true,
    recursive: true
  });
  fs.symlinkSync(
    path.join(implementation, 'lib'),
    path.join(folder, 'lib'),
    'junction'
  );
  fs.writeFileSync(path.join(folder, 'index.js'), entry);

  return {
    folder,
    remove: () => fs.rmSync(folder, { force: true, recursive: true })
  };
}

module.exports = { makeView };
