'use strict';

/**
 * Makes sure that no file of lib/ reads or writes what is private to another
 * one: `object._name`, where the object is not `this` and the file has no such
 * member itself. Names that programs and the suite of ws use on objects of ours,
 * or that are Node's, are private to nobody.
 */

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./run');

/** Node's own, on streams, sockets, handles and emitters. */
const OF_NODE = [
  '_addHeaderLine',
  '_addHeaderLines',
  '_connections',
  '_destroy',
  '_emitCloseIfDrained',
  '_events',
  '_eventsCount',
  '_final',
  '_handle',
  '_parent',
  '_read',
  '_readableState',
  '_server',
  '_sockname',
  '_unrefTimer',
  '_writableState',
  '_write'
];

/** What a cluster of the package redis was made with has no other name. */
const OF_REDIS = ['_options'];

/** What ws has on its objects under these names, and programs use. */
const OF_WS = [
  '_autoPong',
  '_binaryType',
  '_bufferedAmount',
  '_bufferedBytes',
  '_closeCode',
  '_closeFrameReceived',
  '_closeMessage',
  '_closeTimeout',
  '_closeTimer',
  '_errorEmitted',
  '_extensions',
  '_isServer',
  '_maxPendingAutoPongs',
  '_protocol',
  '_readyState',
  '_receiver',
  '_redirects',
  '_req',
  '_sender',
  '_socket',
  '_threshold',
  '_url'
];

if (require.main === module) {
  const lib = path.join(ROOT, 'lib');
  const files = fs
    .readdirSync(lib, { recursive: true })
    .filter((name) => name.endsWith('.js'));

  for (const name of files) {
    const text = fs.readFileSync(path.join(lib, name), 'utf8');

    for (const line of foreignPrivates(text)) {
      console.error(`lib/${name}:${line}`);
      process.exitCode = 1;
    }
  }

  if (!process.exitCode) {
    console.log(`${files.length} files of lib keep what is private`);
  }
}

module.exports = { foreignPrivates };

/**
 * @param {String} text The text of a file
 * @return {String[]} `line: name` for each private member of others
 */
function foreignPrivates(text) {
  const code = text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/\/\/.*$/gm, '');
  const own = new Set(['__proto__', ...OF_NODE, ...OF_REDIS, ...OF_WS]);

  for (const [, set, method] of code.matchAll(
    /\bthis\.(_\w+)\s*(?:=|\+=|\?\?=)(?!=)|^ {2}(?:get |set |static |async )*(_\w+)\(/gm
  )) {
    own.add(set ?? method);
  }

  return code.split('\n').flatMap((line, index) => {
    const used = [
      // object._name
      ...line.matchAll(/(?<!\b(?:this|super))\??\.(_\w+)/g),
      // const { _name } = object, { _name: name } and { a, _name }
      ...line.matchAll(/[{,]\s*(_\w+)\s*(?=[:,}])/g)
    ];

    return used
      .map((match) => match[1])
      .filter((name) => !own.has(name))
      .map((name) => `${index + 1}: ${name}`);
  });
}
