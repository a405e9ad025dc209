#!/usr/bin/env bash
# A pong answers a ping as soon as is practical (RFC 6455, 5.5.2). libcurl 8.23.0 with CURLOPT_CONNECT_ONLY, where the
# program calls curl_ws_recv(), puts the pong aside when it has read the ping, and writes it when a message comes behind
# it. Its documentation says that it answers by itself, and so does that of curl_cffi 0.17.0, whose clients are built on
# it. One that only reads, as a subscription does, answers nothing while nothing is published: servers that ping and end
# who is silent, as ws shows it in its README, and as uvicorn and websockets do unasked, end just the connections that
# are idle. In a test something is sent, and a pong is there. With a write callback (pycurl 7.49.0, the same
# libcurl) they come at once, as do those of websockets 17.4, aiohttp 3.14.5 and websocket-client 1.9.2.
# https://github.com/lexiforest/impers/pull/35 works around it; no report to curl was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${client:-} ${server:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  curl_cffi==0.17.0 pycurl==7.49.0 websockets==17.4 aiohttp==3.14.5 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0

# Says how many of three pings are answered before there is a message, and how many when there was one.
cat > server.js << 'JS'
const { setTimeout: sleep } = require('node:timers/promises');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log(server.address().port));

server.on('connection', async (connection) => {
  let pongs = 0;

  connection.on('pong', () => pongs++);
  for (let pings = 1; pings <= 3; pings++) {
    connection.ping();
    for (let i = 0; i < 20 && pongs < pings; i++) await sleep(100);
  }
  const before = pongs;

  connection.send('message');
  for (let i = 0; i < 50 && pongs === 0; i++) await sleep(100);
  console.log(before, pongs);
  connection.close();
});
JS

# Each reads until the connection is closed, and sends nothing.
cat > client.py << 'PY'
import asyncio
import sys

name, url = sys.argv[1:3]


def of_libcurl():
    import select

    from curl_cffi import Curl, CurlError, CurlInfo, CurlOpt
    from curl_cffi.const import CurlECode, CurlWsFlag

    curl = Curl()
    assert curl.version().startswith(b'libcurl/8.23.0'), curl.version()
    curl.setopt(CurlOpt.URL, url.encode())
    curl.setopt(CurlOpt.CONNECT_ONLY, 2)
    curl.perform()
    descriptor = curl.getinfo(CurlInfo.ACTIVESOCKET)
    while True:
        select.select([descriptor], [], [])
        try:
            if curl.ws_recv()[1].flags & CurlWsFlag.CLOSE:
                return
        except CurlError as error:
            if error.code != CurlECode.AGAIN:
                raise


def of_session():
    from curl_cffi import CurlWsFlag, Session, WebSocketClosed

    with Session() as session:
        socket = session.ws_connect(url)
        try:
            while not socket.recv()[1] & CurlWsFlag.CLOSE:
                pass
        except WebSocketClosed:
            pass


async def of_async_session():
    from curl_cffi import AsyncSession, CurlWsFlag, WebSocketClosed

    async with AsyncSession() as session:
        socket = await session.ws_connect(url)
        try:
            while not (await socket.recv())[1] & CurlWsFlag.CLOSE:
                pass
        except WebSocketClosed:
            pass


def of_pycurl():
    import pycurl

    assert 'libcurl/8.23.0' in pycurl.version, pycurl.version
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEFUNCTION, lambda message: None)
    curl.perform()


async def of_websockets():
    from websockets import connect

    async with connect(url, proxy=None) as socket:
        async for _ in socket:
            pass


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for _ in socket:
            pass


def of_websocket_client():
    import websocket

    socket = websocket.create_connection(url)
    while socket.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
        pass


found = globals()[f'of_{name}']()
if found is not None:
    asyncio.run(found)
PY

node server.js > log &
server=$!
until [[ -s log ]]; do sleep 0.1; done
port=$(head -1 log)
lines=1

echo 'pongs to three pings, before a message and after it:'
check() {
  local found
  lines=$((lines + 1))
  NO_PROXY='*' venv/bin/python client.py "$1" "ws://127.0.0.1:$port" > client.log 2>&1 &
  client=$!
  for _ in {1..300}; do
    [[ $(wc -l < log) -ge $lines ]] && break
    sleep 0.1
  done
  kill $client 2> /dev/null || true
  wait $client || true
  found=$(sed -n "${lines}p" log)
  printf '%-17s %s\n' "$1" "$found"
  [[ $found == "$2" ]] || {
    echo "that is new: \"$2\" before" >&2
    tail -1 client.log >&2
    exit 1
  }
}

check libcurl '0 1'
check session '0 1'
check async_session '0 1'
check pycurl '3 3'
check websockets '3 3'
check aiohttp '3 3'
check websocket_client '3 3'
