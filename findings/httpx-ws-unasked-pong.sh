#!/usr/bin/env bash
# A pong that nobody asked for is allowed, as a heartbeat in one direction (RFC 6455, 5.5.3). .NET sends such pongs on
# its own, every 30 seconds from clients and every two minutes from ASP.NET Core, if KeepAliveTimeout is not set
# (https://github.com/dotnet/docs/pull/44611). httpx-ws 0.9.0 looks for the ping that it answers, and ends the
# connection with a KeyError out of its background task: messages behind the pong do not reach the program. websockets
# 17.4, aiohttp 3.14.5 and websocket-client 1.9.2 pass over it. httpx2, which has a copy of httpx-ws, has mended it
# (https://github.com/pydantic/httpx2/pull/1122).
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
venv/bin/pip install --quiet --disable-pip-version-check \
  httpx-ws==0.9.0 websockets==17.4 aiohttp==3.14.5 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0

cat > server.js << 'JS'
const { WebSocketServer } = require('ws');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => console.log(wss.address().port));

wss.on('connection', (ws, { url }) => {
  if (url === '/pong') ws.pong();
  ws.send('behind');
});
JS

cat > client.py << 'PY'
import asyncio
import sys

url = sys.argv[1]


async def with_httpx_ws():
    import httpx_ws

    async with httpx_ws.aconnect_ws(url) as ws:
        return await ws.receive_text()


async def with_websockets():
    import websockets

    async with websockets.connect(url, proxy=None) as ws:
        return await ws.recv()


async def with_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        return await ws.receive_str()


async def with_websocket_client():
    import websocket

    return websocket.create_connection(url).recv()


def names(error):
    inner = getattr(error, 'exceptions', None)
    return ', '.join(map(names, inner)) if inner else type(error).__name__


try:
    print(asyncio.run(globals()['with_' + sys.argv[2]]()))
except Exception as error:
    print(names(error))
PY

node server.js > port &
server=$!
until [[ -s port ]]; do sleep 0.1; done
url="ws://127.0.0.1:$(cat port)"

check() {
  local seen
  seen="$(timeout 20 venv/bin/python client.py "$url/" "$1"), with a pong $(
    timeout 20 venv/bin/python client.py "$url/pong" "$1"
  )"
  echo "$1: $seen"
  [[ $seen == "$2" ]] || {
    echo "expected: $2" >&2
    exit 1
  }
}

check httpx_ws 'behind, with a pong KeyError'
check websockets 'behind, with a pong behind'
check aiohttp 'behind, with a pong behind'
check websocket_client 'behind, with a pong behind'
echo 'as described'
