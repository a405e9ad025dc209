#!/usr/bin/env bash
# A header that is a list may come in several lines, which mean the same as one with all of it (RFC 9110, 5.2), and RFC
# 6455 says so again of the subprotocols and extensions that a client asks for (11.3.2, 11.3.4). An array is
# sent so by http.request() of Node.js, and Header.Add() of Go; https://github.com/sitemule/ILEvator/issues/48 is of a
# client that sends "Connection: keep-alive" and "Connection: Upgrade". Servers look at the first line alone:
# - of Connection: axum 0.8.9 answers 400, Sanic 25.12.1 426, tungstenite 0.30.0 ends the connection without an answer;
# - of subprotocols: poem 3.1.12, gorilla/websocket 1.5.0 and aiohttp 3.14.5 open without the one that they know;
# - of extensions: aiohttp opens uncompressed. autobahn 26.10.2 answers 400 to a second line.
# In one line all have them right. tornado 6.6.1, websockets 17.4, wsproto 1.3.2 (here in Hypercorn 0.18.0), ws 8.23.0
# and Bun 1.4.5 have both right, wsproto since https://github.com/python-hyper/wsproto/issues/175. No report to the
# others was found.
#
# Fails if that is no longer so. Needs cargo and a C compiler, Python 3.11, pip, Node.js 20, npm and all their
# registries, and the Debian packages golang-go and golang-github-gorilla-websocket-dev; the ports 17921 to 17932. Seen
# with rustc 1.95 and Go 1.19.
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
  aiohttp==3.14.5 autobahn==26.10.2 sanic==25.12.1 tornado==6.6.1 websockets==17.4 hypercorn==0.18.0 wsproto==1.3.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 bun@1.4.5

mkdir -p src/bin
cat > Cargo.toml << 'END'
[package]
name = "servers"
version = "0.0.0"
edition = "2021"

[profile.dev]
debug = false

[dependencies]
axum = { version = "=0.8.9", features = ["ws"] }
futures-util = "0.3"
poem = { version = "=3.1.12", default-features = false, features = ["server", "websocket"] }
tokio = { version = "1", features = ["macros", "net", "rt"] }
tokio-tungstenite = "=0.30.0"
END

cat > src/bin/axum.rs << 'END'
use axum::{extract::ws::WebSocketUpgrade, response::Response, routing::any, Router};

async fn open(request: WebSocketUpgrade) -> Response {
    request.protocols(["b"]).on_upgrade(|mut socket| async move {
        while let Some(Ok(_)) = socket.recv().await {}
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = format!("127.0.0.1:{}", std::env::args().nth(1).unwrap());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();

    axum::serve(listener, Router::new().route("/", any(open))).await.unwrap();
}
END

cat > src/bin/poem.rs << 'END'
use futures_util::StreamExt;
use poem::{get, handler, listener::TcpListener, web::websocket::WebSocket, IntoResponse, Route, Server};

#[handler]
fn open(request: WebSocket) -> impl IntoResponse {
    request.protocols(vec!["b"]).on_upgrade(|mut socket| async move {
        while let Some(Ok(_)) = socket.next().await {}
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = format!("127.0.0.1:{}", std::env::args().nth(1).unwrap());

    Server::new(TcpListener::bind(address)).run(Route::new().at("/", get(open))).await.unwrap();
}
END

cat > src/bin/tungstenite.rs << 'END'
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

// The program has to look for subprotocols itself, so it is right here.
fn choose(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let lines = request.headers().get_all("sec-websocket-protocol");

    if lines.iter().any(|line| line.to_str().unwrap().split(',').any(|name| name.trim() == "b")) {
        response.headers_mut().insert("sec-websocket-protocol", "b".parse().unwrap());
    }
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = format!("127.0.0.1:{}", std::env::args().nth(1).unwrap());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();

    loop {
        let (stream, _) = listener.accept().await.unwrap();

        tokio::spawn(async move {
            if let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, choose).await {
                while let Some(Ok(_)) = socket.next().await {}
            }
        });
    }
}
END
cargo build --quiet

cat > gorilla.go << 'END'
package main

import (
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	upgrader := websocket.Upgrader{EnableCompression: true, Subprotocols: []string{"b"}}

	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		if connection, err := upgrader.Upgrade(response, request, nil); err == nil {
			connection.ReadMessage()
			connection.Close()
		}
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
END
GOPATH=/usr/share/gocode GO111MODULE=off go build gorilla.go

cat > server.py << 'PY'
import asyncio
import sys

name, port = sys.argv[1], int(sys.argv[2])


async def of_aiohttp():
    from aiohttp import web

    async def open(request):
        response = web.WebSocketResponse(protocols=['b'])
        await response.prepare(request)
        await response.receive()
        return response

    application = web.Application()
    application.router.add_get('/', open)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, '127.0.0.1', port).start()
    await asyncio.Event().wait()


async def of_autobahn():
    from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
    from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

    class Protocol(WebSocketServerProtocol):
        def onConnect(self, request):
            return 'b' if 'b' in request.protocols else None

    def accept(offers):
        for offer in offers:
            if isinstance(offer, PerMessageDeflateOffer):
                return PerMessageDeflateOfferAccept(offer)

    factory = WebSocketServerFactory(protocols=['b'])
    factory.protocol = Protocol
    factory.setProtocolOptions(perMessageCompressionAccept=accept)
    await asyncio.get_running_loop().create_server(factory, '127.0.0.1', port)
    await asyncio.Event().wait()


async def of_tornado():
    from tornado import web, websocket

    class Handler(websocket.WebSocketHandler):
        def get_compression_options(self):
            return {}

        def select_subprotocol(self, names):
            return 'b' if 'b' in names else None

        def on_message(self, message):
            pass

    web.Application([('/', Handler)]).listen(port, '127.0.0.1')
    await asyncio.Event().wait()


async def of_websockets():
    from websockets import serve

    async def handle(socket):
        await socket.wait_closed()

    def choose(socket, names):
        return 'b' if 'b' in names else None

    async with serve(handle, '127.0.0.1', port, select_subprotocol=choose):
        await asyncio.Event().wait()


async def application(scope, receive, send):
    if scope['type'] == 'websocket':
        await receive()
        await send({'type': 'websocket.accept', 'subprotocol': 'b' if 'b' in scope['subprotocols'] else None})
        await receive()


async def of_hypercorn():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f'127.0.0.1:{port}']
    await serve(application, config)


if name == 'sanic':
    from sanic import Sanic

    server = Sanic('server')

    @server.websocket('/')
    async def open(request, socket):
        await socket.recv()

    server.run('127.0.0.1', port, single_process=True, motd=False)
else:
    asyncio.run(globals()[f'of_{name}']())
PY

cat > server.js << 'JS'
const [, , kind, port] = process.argv;

if (kind === 'bun') {
  Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch(request, server) {
      const names = (request.headers.get('sec-websocket-protocol') ?? '').split(/, */);

      server.upgrade(request, { headers: names.includes('b') ? { 'sec-websocket-protocol': 'b' } : {} });
    },
    websocket: { perMessageDeflate: true, message() {} }
  });
} else {
  const { WebSocketServer } = require('ws');

  new WebSocketServer({
    host: '127.0.0.1',
    port,
    perMessageDeflate: true,
    handleProtocols: (names) => names.has('b') && 'b'
  });
}
JS

# Asks with each list in one line, then in two: a list in two values is two lines.
cat > client.js << 'JS'
const http = require('node:http');

const ask = (headers) =>
  new Promise((resolve) => {
    const request = http.get({
      host: '127.0.0.1',
      port: process.argv[2],
      agent: false,
      timeout: 20_000,
      headers: {
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers
      }
    });

    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.headers);
    });
    request.on('response', (response) => {
      request.destroy();
      resolve(response.statusCode);
    });
    request.on('error', () => resolve('no answer'));
    request.on('timeout', () => request.destroy());
  });

async function told(list) {
  const connection = await ask({ Connection: list('keep-alive', 'Upgrade') });
  const protocol = await ask({ 'Sec-WebSocket-Protocol': list('a', 'b') });
  const extension = await ask({ 'Sec-WebSocket-Extensions': list('x-none', 'permessage-deflate') });

  return [
    typeof connection === 'object' ? 'open' : connection,
    protocol['sec-websocket-protocol'] ?? (typeof protocol === 'object' ? 'none' : protocol),
    typeof extension === 'object' ? (extension['sec-websocket-extensions'] ? 'compressed' : 'plain') : extension
  ].join('/');
}

(async () => {
  const one = await told((...items) => items.join(', '));

  console.log(`${one}, ${await told((...items) => items)}`);
})();
JS

port=17920

check() {
  local title=$1 expected=$2 seen
  shift 2
  port=$((port + 1))
  "$@" "$port" > server.log 2>&1 &
  server=$!
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  seen=$(timeout 150 node client.js "$port")
  kill "$server"
  wait "$server" 2> /dev/null || true
  printf '%-12s %s\n' "$title" "$seen"
  [[ $seen == "$expected" ]] || {
    echo "that is new: \"$expected\" before" >&2
    exit 1
  }
}

check axum 'open/b/plain, 400/b/plain' target/debug/axum
check tungstenite 'open/b/plain, no answer/b/plain' target/debug/tungstenite
check sanic 'open/none/plain, 426/none/plain' venv/bin/python server.py sanic
check poem 'open/b/plain, open/none/plain' target/debug/poem
check gorilla 'open/b/compressed, open/none/compressed' ./gorilla
check aiohttp 'open/b/compressed, open/none/plain' venv/bin/python server.py aiohttp
check autobahn 'open/b/compressed, open/b/400' venv/bin/python server.py autobahn
check tornado 'open/b/compressed, open/b/compressed' venv/bin/python server.py tornado
check websockets 'open/b/compressed, open/b/compressed' venv/bin/python server.py websockets
check Hypercorn 'open/b/compressed, open/b/compressed' venv/bin/python server.py hypercorn
check ws 'open/b/compressed, open/b/compressed' node server.js ws
check Bun 'open/b/compressed, open/b/compressed' node_modules/.bin/bun server.js bun
echo 'as described'
