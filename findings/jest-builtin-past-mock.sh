#!/usr/bin/env bash
# jest.mock() of one of Node's modules holds for require() and import, and not for process.getBuiltinModule(),
# which gives the module itself, in Jest 29.7.0 and 30.5.2 alike: a program that asks that way is past its own
# mocks. Jest 30 replaces the function in its sandbox, and says that it goes where require() of such a module
# goes; mocks are looked up before that. A library that must not be mocked by accident can rely on it; a
# program under test that takes fs or os from it meets the real files. Seen on Node.js 20.20.2 and 24.
#
# Fails if that is no longer so. Needs Node.js 20.16 or later, npm and its registry.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > mocked.test.js << 'END'
jest.mock('os', () => ({ hostname: () => 'mocked' }));

test('ways to a module of Node', () => {
  const real = jest.requireActual('os');
  const found = process.getBuiltinModule('os');

  process.stdout.write(
    `require: ${require('os').hostname()}, ` +
      `getBuiltinModule: ${found.hostname === real.hostname ? 'the real one' : found.hostname()}\n`
  );
});
END

for version in 29.7.0 30.5.2; do
  mkdir "$version"
  cp mocked.test.js "$version"
  echo '{ "private": true }' > "$version/package.json"
  (cd "$version" && npm install --silent --no-audit --no-fund "jest@$version")
  seen=$(cd "$version" && npx jest --silent=false 2> /dev/null | grep 'require:')
  printf 'Jest %s: %s\n' "$version" "$seen"
  [[ $seen == 'require: mocked, getBuiltinModule: the real one' ]] || {
    echo 'the mock is seen by getBuiltinModule() now' >&2
    exit 1
  }
done
echo 'as described'
