#!/usr/bin/env bash
# The reason of a close frame has 123 bytes at most (RFC 6455, 5.5). A program does not always know how long its reason
# is: it is the text of an error, or a translation. The servers of aiohttp 3.14.5, Granian 2.8.9, faye-websocket 0.11.4,
# websocket 1.0.35 (WebSocket-Node) and Mojolicious 9.31 take one of 200 bytes without a word, and send a close frame of
# 202 bytes. That is an error of the protocol, so a client has 1006 in place of 4000: it is not told that it has to log
# in again, and connects again instead. In ASGI the reason can be any string. Of its servers uvicorn 0.54.0 on wsproto
# 1.3.2 and Hypercorn 0.18.0 cut it, between two characters, as autobahn 26.10.2 and Bun 1.4.5 do; uvicorn on websockets
# 17.4 sends no close frame then. ws 8.23.0, Deno 2.9.6 and websockets refuse such a reason. Of faye-websocket it is
# known since 2013 (https://github.com/sockjs/sockjs-node/issues/107); no report about the others was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries, and the Debian package
# libmojolicious-perl; the ports 17860 to 17872.
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
  aiohttp==3.14.5 granian==2.8.9 uvicorn==0.54.0 websockets==17.4 wsproto==1.3.2 hypercorn==0.18.0 autobahn==26.10.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 faye-websocket@0.11.4 websocket@1.0.35 bun@1.4.5 deno@2.9.6

# Each closes with 4000 and a hundred letters of two bytes; who refuses that closes with 4001.
cat > server.cjs << 'JS'
const { createServer } = require('node:http');

const [, , kind, port] = process.argv;
const reason = 'é'.repeat(100);
const end = (connection) => {
  try {
    connection.close(4000, reason);
  } catch {
    connection.close(4001, 'refused');
  }
};
const kinds = {
  faye() {
    const Socket = require('faye-websocket');

    createServer()
      .on('upgrade', (request, socket, head) => {
        const connection = new Socket(request, socket, head);

        connection.on('open', () => end(connection));
      })
      .listen(port);
  },
  websocket() {
    const { server } = require('websocket');

    new server({ httpServer: createServer().listen(port), autoAcceptConnections: true }).on('connect', end);
  },
  ws() {
    const { WebSocketServer } = require('ws');

    new WebSocketServer({ port }).on('connection', end);
  },
  bun() {
    Bun.serve({
      port,
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response()),
      websocket: { open: end, message() {} }
    });
  },
  deno() {
    Deno.serve({ port: Number(port), onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);

      socket.onopen = () => end(socket);
      return response;
    });
  }
};

kinds[kind]();
JS

cat > application.py << 'PY'
async def app(scope, receive, send):
    if scope['type'] != 'websocket':
        return
    await receive()
    await send({'type': 'websocket.accept'})
    await send({'type': 'websocket.close', 'code': 4000, 'reason': 'é' * 100})
PY

cat > server.py << 'PY'
import asyncio
import sys

name, port = sys.argv[1], int(sys.argv[2])
reason = 'é' * 100


async def of_aiohttp():
    from aiohttp import web

    async def handle(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=4000, message=reason.encode())
        return socket

    application = web.Application()
    application.router.add_get('/', handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, '127.0.0.1', port).start()
    await asyncio.Event().wait()


async def of_autobahn():
    from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol

    class Protocol(WebSocketServerProtocol):
        def onOpen(self):
            self.sendClose(4000, reason)

    factory = WebSocketServerFactory(f'ws://127.0.0.1:{port}')
    factory.protocol = Protocol
    server = await asyncio.get_running_loop().create_server(factory, '127.0.0.1', port)
    await server.serve_forever()


async def of_websockets():
    from websockets.asyncio.server import serve
    from websockets.exceptions import ProtocolError

    async def handle(connection):
        try:
            await connection.close(4000, reason)
        except ProtocolError:
            await connection.close(4001, 'refused')

    async with serve(handle, '127.0.0.1', port) as server:
        await server.serve_forever()


asyncio.run(globals()[f'of_{name}']())
PY

cat > server.pl << 'PERL'
use Mojolicious::Lite -signatures;

die "another version: $Mojolicious::VERSION\n" unless $Mojolicious::VERSION eq '9.31';
app->log->level('fatal');
websocket '/' => sub ($c) {
  $c->on(message => sub { });
  $c->finish(4000 => "\x{e9}" x 100);
};
app->start;
PERL

cat > client.js << 'JS'
const WebSocket = require('ws');

const client = new WebSocket(process.argv[2]);
let error = '';

client.on('error', ({ code }) => (error = ` ${code}`));
client.on('close', (code, reason) => console.log(`${code} ${reason.length}${error}`));
JS

port=17860
check() {
  local title=$1 expected=$2 found
  shift 2
  "${@//PORT/$port}" &> server.log &
  servers="${servers:-} $!"
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  found=$(timeout 60 node client.js "ws://127.0.0.1:$port/")
  printf '%-15s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    tail -1 server.log >&2
    exit 1
  }
  port=$((port + 1))
}

echo 'close code, bytes of the reason, and error of a client of ws:'
invalid='1006 0 WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
check aiohttp "$invalid" venv/bin/python server.py aiohttp PORT
check Granian "$invalid" venv/bin/granian --interface asgi --port PORT --log-level error application:app
check faye "$invalid" node server.cjs faye PORT
check WebSocket-Node "$invalid" node server.cjs websocket PORT
check Mojolicious "$invalid" perl server.pl daemon --listen http://127.0.0.1:PORT
check uvicorn/sansio '1006 0' venv/bin/uvicorn --port PORT --log-level critical --ws websockets-sansio application:app
check uvicorn/wsproto '4000 122' venv/bin/uvicorn --port PORT --log-level critical --ws wsproto application:app
check Hypercorn '4000 122' venv/bin/hypercorn --bind 127.0.0.1:PORT application:app
check autobahn '4000 122' venv/bin/python server.py autobahn PORT
check Bun '4000 122' node_modules/.bin/bun server.cjs bun PORT
check ws '4001 7' node server.cjs ws PORT
check websockets '4001 7' venv/bin/python server.py websockets PORT
check Deno '4001 7' node_modules/.bin/deno run --quiet --allow-all server.cjs deno PORT
