#!/usr/bin/env bash
# A ping or a pong may come between the fragments of a message (RFC 6455, 5.4), a compressed one too. tornado
# 6.6.1 and wsproto 1.3.2 (with it uvicorn 0.54.0 and Hypercorn 0.18.0) forget then that the message is
# compressed: what follows is not inflated. A binary message is given to the program as its compressed bytes, with
# no error, a text is mostly refused as no UTF-8. tornado takes the whole for uncompressed, wsproto the rest.
# Browsers do send so: Chromium 156 cuts a message of 6 MB into fragments and answers a ping between them. uvicorn
# on websockets 17.4 and aiohttp 3.14.5 are right (aiohttp since https://github.com/aio-libs/aiohttp/pull/12988).
# Known, not mended: https://github.com/tornadoweb/tornado/pull/3353, https://github.com/python-hyper/wsproto/pull/205
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill -KILL ${server:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  tornado==6.6.1 wsproto==1.3.2 uvicorn==0.54.0 websockets==17.4 aiohttp==3.14.5
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0

# Each server sends what it is given back in hexadecimal.
cat > server.py << 'PY'
import asyncio
import socket
import sys

listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)


async def application(scope, receive, send):
    while (event := await receive())['type'] != 'websocket.disconnect':
        if event['type'] == 'websocket.connect':
            await send({'type': 'websocket.accept'})
        else:
            await send({'type': 'websocket.send', 'text': event['bytes'].hex()})


async def with_uvicorn(protocol):
    import uvicorn

    config = uvicorn.Config(application, ws=protocol, lifespan='off', log_level='error')
    await uvicorn.Server(config).serve([listener])


async def with_tornado():
    from tornado import httpserver, web, websocket

    class Echo(websocket.WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            self.write_message(message.hex())

    listener.setblocking(False)
    httpserver.HTTPServer(web.Application([('/', Echo)])).add_socket(listener)
    await asyncio.Event().wait()


async def with_aiohttp():
    from aiohttp import web

    async def echo(request):
        response = web.WebSocketResponse()
        await response.prepare(request)
        async for message in response:
            await response.send_str(message.data.hex())
        return response

    application = web.Application()
    application.router.add_get('/', echo)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.Event().wait()


ways = {
    'tornado': with_tornado,
    'uvicorn on wsproto': lambda: with_uvicorn('wsproto'),
    'uvicorn on websockets': lambda: with_uvicorn('websockets'),
    'aiohttp': with_aiohttp,
}
asyncio.run(ways[sys.argv[1]]())
PY

cat > client.js << 'JS'
const { randomBytes } = require('node:crypto');
const { WebSocket } = require('ws');

const message = randomBytes(2000);

function echoed(pings) {
  return new Promise((resolve) => {
    const ws = new WebSocket(`ws://127.0.0.1:${process.argv[2]}`, { perMessageDeflate: { threshold: 0 } });

    ws.on('open', () => {
      ws.send(message.subarray(0, 1000), { fin: false });
      if (pings) ws.ping();
      ws.send(message.subarray(1000), { fin: true });
    });
    ws.on('message', (hex) => {
      const echo = Buffer.from(hex.toString(), 'hex');

      if (!ws.extensions) resolve('not compressed');
      else resolve(echo.equals(message) ? 'the message' : 'other bytes');
      ws.terminate();
    });
  });
}

(async () => console.log(`${await echoed(false)}, with a ping ${await echoed(true)}`))();
JS

check() {
  local expected=$2 port seen

  rm -f port
  venv/bin/python server.py "$1" > port 2> log &
  server=$!
  until [[ -s port ]]; do sleep 0.1; done
  port=$(cat port)
  seen=$(timeout 20 node client.js "$port")
  echo "$1: $seen"
  [[ $seen == "$expected" ]] || {
    echo "expected: $expected" >&2
    exit 1
  }
  kill -KILL "$server"
  wait "$server" 2> /dev/null || true
}

check 'tornado' 'the message, with a ping other bytes'
check 'uvicorn on wsproto' 'the message, with a ping other bytes'
check 'uvicorn on websockets' 'the message, with a ping the message'
check 'aiohttp' 'the message, with a ping the message'
echo 'as described'
