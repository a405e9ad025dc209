#!/usr/bin/env bash
# A close frame need not have a status (RFC 6455, 5.5.1); it is what close() without arguments sends, of browsers, of
# Node.js and of ws. aiohttp 3.14.5 keeps the missing one as 0, and its client takes that for none so far: it answers
# the frame, and waits for another until the server has ended TCP, ten seconds at most. Then close_code is 1006, as if
# the connection were lost, where websockets 17.4 and Bun 1.4.5 have 1005, and tornado 6.6.1 has None. So a program
# that connects again after 1006 does so whenever a server of ws closes in order, and reading ends late where the
# server's end is late. In a server of aiohttp close_code is 0 then. No report was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${server:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiohttp==3.14.5 websockets==17.4 tornado==6.6.1
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 bun@1.4.5

# Closes with a status or without, and ends TCP itself when it has the answer, or leaves that to the client.
cat > server.js << 'JS'
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer();
const wss = new WebSocketServer({ noServer: true });

server.on('upgrade', (request, socket, head) => {
  if (request.url !== '/patient') {
    wss.handleUpgrade(request, socket, head, (connection) => {
      connection.close(request.url === '/status' ? 1000 : undefined);
    });
    return;
  }
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;

  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`
  );
  socket.write(Buffer.of(0x88, 0));
  socket.on('error', () => {}).resume();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS

cat > client.js << 'JS'
new WebSocket(process.argv[2]).onclose = ({ code }) => console.log(code);
JS

cat > client.py << 'PY'
import asyncio
import sys
import time

name, url = sys.argv[1:3]


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for _ in socket:
            pass
        return socket.close_code


async def of_websockets():
    from websockets import connect

    async with connect(url) as socket:
        async for _ in socket:
            pass
        return socket.close_code


async def of_tornado():
    from tornado.websocket import websocket_connect

    socket = await websocket_connect(url)
    while await socket.read_message() is not None:
        pass
    return socket.close_code


async def of_server():
    """The code that a server of aiohttp has when a client sends the frame."""
    from aiohttp import web

    codes = asyncio.Queue()

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        codes.put_nowait(socket.close_code)
        return socket

    app = web.Application()
    app.router.add_get('/', handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, '127.0.0.1', 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(
        b'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    )
    await reader.readuntil(b'\r\n\r\n')
    writer.write(b'\x88\x80\0\0\0\0')
    return await codes.get()


begin = time.monotonic()
code = asyncio.run(globals()[f'of_{name}']())
print(code, 'late' if time.monotonic() - begin > 8 else 'at once')
PY

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
url=ws://127.0.0.1:$(head -1 log)

check() {
  local title=$1 expected=$2 found
  found=$("${@:3}")
  printf '%-46s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    exit 1
  }
}

check 'aiohttp, closed with 1000' '1000 at once' venv/bin/python client.py aiohttp "$url/status"
check 'aiohttp, closed without a status' '1006 at once' venv/bin/python client.py aiohttp "$url/none"
check 'aiohttp, the same, TCP is not ended' '1006 late' venv/bin/python client.py aiohttp "$url/patient"
check 'websockets, closed without a status' '1005 at once' venv/bin/python client.py websockets "$url/none"
check 'tornado, closed without a status' 'None at once' venv/bin/python client.py tornado "$url/none"
check 'Bun, closed without a status' '1005' node_modules/.bin/bun client.js "$url/none"
check 'server of aiohttp, closed without a status' '0 at once' venv/bin/python client.py server -
