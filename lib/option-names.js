'use strict';

/** Up to so many letters a name counts as a misspelling of another. */
const MOST_WRONG = 2;

/**
 * Refuses options that nobody knows: mostly they are misspelt, and would
 * silently do nothing. For options that are ours alone; those of `ws` may be
 * mixed with anything.
 *
 * @param {Object} options The options; those that are `undefined` are not there
 * @param {String[]} known The names of all that there are
 * @param {String} who What has no option of the name, to begin the error with
 * @throws {TypeError} A name is unknown, or the options are no object
 */
function checkNames(options, known, who) {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `Options are an object like { ${known[0]}: … }, not ` +
        (options === null ? 'null' : typeof options)
    );
  }

  for (const name of Object.keys(options)) {
    if (options[name] === undefined || known.includes(name)) continue;

    const meant = nearest(name, known);

    throw new TypeError(
      `${who} "${name}"; ` +
        (meant === undefined
          ? `there ${known.length > 1 ? 'are' : 'is'} ${known.join(', ')}`
          : `did you mean "${meant}"?`)
    );
  }
}

function nearest(name, known) {
  const wrong = name.toLowerCase();
  const distances = known.map((one) => distance(wrong, one.toLowerCase()));
  const least = Math.min(...distances);

  return least <= MOST_WRONG ? known[distances.indexOf(least)] : undefined;
}

/** How many letters are to be changed, added or removed. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);

  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];

    for (let j = 0; j < b.length; j++) {
      const changed = row[j] + (a[i] === b[j] ? 0 : 1);

      next.push(Math.min(changed, row[j + 1] + 1, next[j] + 1));
    }

    row = next;
  }

  return row[b.length];
}

module.exports = checkNames;
