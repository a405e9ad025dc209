'use strict';

/** What `npm run dist` says of the platforms. */

const MSVC =
  'it is linked with libraries that come with Windows only (the workflow ' +
  'builds it there)';

/** Targets that are not built on Debian, and why. */
const OBSTACLES = {
  'android-arm64':
    "it is linked with libraries of Android's NDK, which no package of " +
    'Debian, PyPI or npm has (the workflow builds it with the NDK)',
  'win32-arm64-msvc': MSVC,
  'win32-ia32-msvc': MSVC,
  'win32-x64-msvc': MSVC
};

/**
 * @param {Object} result `target`, `found` and `problems` of one binary
 * @return {String[]} What to say of it
 */
function row({ found, problems, target }) {
  if (!found) return [target.name, 'not built', '', '', '', '', ''];

  const { arch, format, needed, size, versions } = found;
  return [
    target.name,
    problems.length > 0 ? 'BAD' : 'good',
    `${format} ${arch}${found.bigEndian ? ', big endian' : ''}`,
    `${Math.round(size / 1024)} KiB`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ') || '-',
    String(found.exports.length),
    needed.map((name) => name.split('/').pop()).join(' ')
  ];
}

/**
 * @param {String[][]} rows Cells
 * @return {String} A table of text, with headings
 */
function table(rows) {
  const headings = [
    'target',
    'state',
    'file',
    'size',
    'oldest system',
    'exports',
    'needs'
  ];
  const all = [headings, ...rows];
  const widths = headings.map((_, i) =>
    Math.max(...all.map((cells) => cells[i].length))
  );

  return all
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd()
    )
    .join('\n');
}

module.exports = { OBSTACLES, row, table };
