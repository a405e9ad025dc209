'use strict';

/**
 * Writes lib/native/numbers.js: the numbers that both languages know, as the
 * addon lists them (src/numbers.rs). The build does so; by itself, this says
 * with `--check` whether the file is up to date.
 */

const fs = require('node:fs');
const path = require('node:path');

const FILE = path.join(__dirname, '../lib/native/numbers.js');
const HEAD = `'use strict';

// Made from src/numbers.rs by \`npm run build\`: change that, not this.

module.exports = {
`;

if (require.main === module) {
  const { loadNative } = require('../lib/native/loader');
  const text = toModule(loadNative().numbers());

  if (process.argv.includes('--check')) {
    if (fs.readFileSync(FILE, 'utf8') === text) {
      console.log('lib/native/numbers.js is what src/numbers.rs makes');
    } else {
      console.error('lib/native/numbers.js is out of date: npm run build');
      process.exitCode = 1;
    }
  } else {
    writeNumbers(text);
  }
}

module.exports = { FILE, toModule, writeNumbers };

/**
 * @param {String} list As the addon gives it: a line `group|what it is` begins
 *     a group, `name|value|what it is` is one of it
 * @return {String} The module's text, as prettier would have it
 */
function toModule(list) {
  const groups = [];

  for (const line of list.trimEnd().split('\n')) {
    const parts = line.split('|');

    if (parts.length === 2) {
      groups.push(`${comment(parts[1], '  ')}  ${parts[0]}: {\n`);
    } else {
      const [name, value, about] = parts;

      groups[groups.length - 1] +=
        `${comment(about, '    ')}    ${name}: ${value},\n`;
    }
  }

  const bodies = groups.map((text) => text.replace(/,\n$/, '\n  }'));

  return `${HEAD}${bodies.join(',\n\n')}\n};\n`;
}

/**
 * @param {String} text What `toModule()` made
 * @return {Boolean} Whether the file was another one
 */
function writeNumbers(text) {
  if (fs.readFileSync(FILE, 'utf8') === text) return false;

  fs.writeFileSync(FILE, text);
  console.log(`wrote ${path.basename(FILE)}`);
  return true;
}

function comment(text, indent) {
  return text.trim() === '' ? '' : `${indent}/** ${text.trim()} */\n`;
}
