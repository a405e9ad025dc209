'use strict';

/**
 * For the GNU tools of Windows napi's build script demands a `libnode.dll`, and
 * has the binary linked with it. Nobody has one, and nothing in it is used: all
 * of Node's functions are looked up when the binary is loaded.
 */

const fs = require('node:fs');
const path = require('node:path');

// What a linker takes for a library without contents.
const EMPTY_ARCHIVE = '!<arch>\n';
const FILES = {
  'libnode.a': EMPTY_ARCHIVE,
  'libnode.dll': '',
  'libnode.dll.a': EMPTY_ARCHIVE
};

/**
 * Makes a folder for the environment variable `LIBNODE_PATH`.
 *
 * @param {String} folder Where. cargo remembers the path from build to build,
 *     so it has to stay
 * @return {String} The path
 */
function standInForLibnode(folder) {
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, contents] of Object.entries(FILES)) {
    const file = path.join(folder, name);

    // cargo takes what was written again for new.
    if (!fs.existsSync(file)) fs.writeFileSync(file, contents);
  }
  return folder;
}

module.exports = { standInForLibnode };
