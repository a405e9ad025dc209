'use strict';

// Has every package find one implementation under the name of `ws`, and the
// programs of this folder find packages among the tools.
//
//   WS_GIVEN   the folder of the implementation
//   NODE_PATH  where the packages are

const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const given = process.env.WS_GIVEN;
const { exports: entries } = require(path.join(given, 'package.json'));
const resolve = Module._resolveFilename;

Module._resolveFilename = function (name, ...rest) {
  return resolve.call(this, name === 'ws' ? given : name, ...rest);
};

Module.register(pathToFileURL(path.join(__dirname, 'hooks.mjs')), {
  data: {
    given: urlOf(given, entries['.'].import),
    programs: urlOf(__dirname),
    tools: urlOf(process.env.NODE_PATH)
  }
});

// A package that brings a `ws` of its own along would prove nothing.
process.on('exit', () => {
  const other = Object.keys(require.cache).find(
    (file) => /[/\\]ws[/\\]lib[/\\]/.test(file) && !file.startsWith(given)
  );

  if (other !== undefined) console.error('Another ws was loaded:', other);
});

function urlOf(...parts) {
  return String(pathToFileURL(path.join(...parts)));
}
