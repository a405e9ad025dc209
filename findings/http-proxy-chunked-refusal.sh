#!/usr/bin/env bash
# A server that refuses a WebSocket answers with a status, and a body that may say why, in chunks if it has not told its
# length (RFC 9112, 7.1), as whatever is streamed by Node.js is. http-proxy 1.18.1, and http-proxy-middleware 3.0.11 on
# it, pass such an answer on with its "Transfer-Encoding: chunked", but with a body that is out of its chunks, so it is
# no valid answer any more. websockets 17.4 raises InvalidMessage ("did not receive a valid HTTP response"), where
# without the proxy it raises InvalidStatus with the 401 and the body: a program that asks for a new token then takes it
# for a broken network. ws 8.23.0 has the status, and a parse error in place of the body. Browsers show neither, so it
# goes unseen there. http-proxy-3 2.0.1, httpxy 0.5.6 and HAProxy 2.6.12 pass on the whole. Suspected in
# https://github.com/sagemathinc/http-proxy-3/pull/27; no report to http-proxy was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries, and the Debian package
# haproxy; the ports 17910 to 17915.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${others:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check websockets==17.4
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund \
  ws@8.23.0 http-proxy@1.18.1 http-proxy-middleware@3.0.11 http-proxy-3@2.0.1 httpxy@0.5.6

cat > servers.mjs << 'JS'
import http from 'node:http';
import httpProxy from 'http-proxy';
import { createProxyServer } from 'http-proxy-3';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { createProxyServer as createHttpxy } from 'httpxy';

const target = 'http://127.0.0.1:17910';

http
  .createServer((request, response) => {
    response.writeHead(401, { 'Content-Type': 'application/json' });
    response.write('{"error":');
    response.end('"expired"}');
  })
  .listen(17910, '127.0.0.1');

function listen(port, upgrade) {
  const server = http.createServer();

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    upgrade(request, socket, head);
  });
  server.listen(port, '127.0.0.1');
}

const first = httpProxy.createProxyServer({ target });
const second = createProxyMiddleware({ target, ws: true });
const third = createProxyServer({ target });
const fourth = createHttpxy({ target });

listen(17911, (...of) => first.ws(...of));
listen(17912, (...of) => second.upgrade(...of));
listen(17913, (...of) => third.ws(...of));
listen(17914, (request, socket, head) => fourth.ws(request, socket, {}, head));
JS

cat > haproxy.cfg << 'END'
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend clients
  bind 127.0.0.1:17915
  default_backend servers
backend servers
  server one 127.0.0.1:17910
END

cat > client.js << 'JS'
const WebSocket = require('ws');

const client = new WebSocket(process.argv[2]);

client.on('error', () => {});
client.on('unexpected-response', (request, response) => {
  let body = '';

  const say = (what) => {
    console.log(response.statusCode, what);
    process.exit();
  };
  request.on('error', ({ code }) => say(code));
  response.on('error', () => {});
  response.on('data', (piece) => (body += piece));
  response.on('end', () => say(body));
});
JS

cat > client.py << 'PY'
import sys

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

try:
    connect(sys.argv[1], proxy=None)
except InvalidStatus as error:
    print(error.response.status_code, error.response.body.decode())
except Exception as error:
    print(type(error).__name__)
PY

node servers.mjs > servers.log 2>&1 &
others=$!
PATH=$PATH:/usr/sbin haproxy -db -f haproxy.cfg > haproxy.log 2>&1 &
others="$others $!"
for port in 17910 17911 17912 17913 17914 17915; do
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
done

check() {
  local title=$1 url=ws://127.0.0.1:$2/ seen
  seen="ws $(timeout 20 node client.js "$url"), websockets $(timeout 20 venv/bin/python client.py "$url")"
  printf '%-22s %s\n' "$title" "$seen"
  [[ $seen == "$3" ]] || {
    echo "that is new: \"$3\" before" >&2
    exit 1
  }
}

whole='ws 401 {"error":"expired"}, websockets 401 {"error":"expired"}'
broken='ws 401 HPE_INVALID_CHUNK_SIZE, websockets InvalidMessage'
check 'no proxy' 17910 "$whole"
check http-proxy 17911 "$broken"
check http-proxy-middleware 17912 "$broken"
check http-proxy-3 17913 "$whole"
check httpxy 17914 "$whole"
check HAProxy 17915 "$whole"
echo 'as described'
