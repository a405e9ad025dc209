'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { toModule } = require('../scripts/numbers');

const HEAD = `'use strict';

// Made from src/numbers.rs by \`npm run build\`: change that, not this.

module.exports = {
`;

test('the list of numbers becomes a module, with what it says of each', () => {
  const list = 'frame| A byte.\nFIN|128|\nRSV1|64| Compressed.\n';

  assert.strictEqual(
    toModule(list),
    `${HEAD}  /** A byte. */
  frame: {
    FIN: 128,
    /** Compressed. */
    RSV1: 64
  }
};
`
  );
});

test('groups are set apart by a line', () => {
  assert.strictEqual(
    toModule('a|\nB|1|\nc|\nD|2|\n'),
    `${HEAD}  a: {
    B: 1
  },

  c: {
    D: 2
  }
};
`
  );
});
