#!/usr/bin/env bash
# Apache 2.4.71 with "H2WebSockets on" takes WebSockets over HTTP/2 (RFC 8441) to a server that speaks HTTP/1.1. Frames
# that the server sends together with its answer 101, as a greeting is sent, stay with Apache until something more
# comes from either side: a client that waits for the greeting, of a server that waits for the client, waits for
# nothing. And if the server's connection ends, the client is not told: the stream has no end until the client ends
# it, so without a close frame, as when the server's process was killed, it takes the connection for alive. Over
# HTTP/1.1 the same Apache does both at once, and HAProxy 2.6.12 over HTTP/2, too. No report was found.
#
# Fails if that is no longer so. Needs Node.js 20, and the Debian packages apache2-bin and haproxy; the ports
# 17500 to 17502.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill ${proxies:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

modules=/usr/lib/apache2/modules
cat > apache.conf << END
ServerRoot $folder
ServerName localhost
PidFile $folder/pid
ErrorLog $folder/error
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
LoadModule http2_module $modules/mod_http2.so
Protocols h2c http/1.1
H2WebSockets on
Listen 127.0.0.1:17501
ProxyPass / http://127.0.0.1:17500/ upgrade=websocket
END
cat > haproxy.cfg << 'END'
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:17502 proto h2
  default_backend servers
backend servers
  server one 127.0.0.1:17500
END

cat > program.js << 'JS'
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const http2 = require('node:http2');

const WAIT = 2000;
const text = (payload) => Buffer.concat([Buffer.from([0x81, payload.length]), Buffer.from(payload)]);
const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms, 'later'));

const server = http.createServer().on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  const answer = Buffer.from(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );

  socket.on('error', () => {});
  if (request.url === '/greeting') socket.write(Buffer.concat([answer, text('hello')]));
  else socket.write(answer);
  if (request.url === '/ends') setTimeout(() => socket.end(), 200);
  if (request.url === '/greeting') setTimeout(() => socket.write(text('more')), 1.5 * WAIT);
});

async function overHttp1(port, path) {
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': 13 };

  headers['sec-websocket-key'] = 'dGhlIHNhbXBsZSBub25jZQ==';
  const request = http.get({ port, path, headers, host: '127.0.0.1' });
  const [, socket, head] = await once(request, 'upgrade');

  if (head.length > 0) socket.unshift(head);
  return { stream: socket, end: () => socket.destroy() };
}

async function overHttp2(port, path) {
  const session = http2.connect(`http://127.0.0.1:${port}`);

  await once(session, 'remoteSettings');
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': 13 },
    { endStream: false }
  );

  await once(stream, 'response');
  return { stream, end: () => session.destroy() };
}

async function look(title, connect, port) {
  const greeted = await connect(port, '/greeting');
  const first = await Promise.race([once(greeted.stream, 'data').then(() => 'at once'), after(WAIT)]);
  const late = first === 'later' ? once(greeted.stream, 'data') : undefined;

  if (late) await late;
  greeted.end();

  const ended = await connect(port, '/ends');

  ended.stream.on('error', () => {}).resume();
  const second = await Promise.race([once(ended.stream, 'end').then(() => 'at once'), after(WAIT)]);

  ended.end();
  console.log(`${title}: greeting ${late ? 'with the next message' : first}, end ${second}`);
}

server.listen(17500, '127.0.0.1', async () => {
  await look('Apache, HTTP/1.1', overHttp1, 17501);
  await look('HAProxy, HTTP/2', overHttp2, 17502);
  await look('Apache, HTTP/2', overHttp2, 17501);
  process.exit();
});
JS

haproxy -db -f haproxy.cfg > haproxy.log 2>&1 &
proxies=$!
apache2 -d "$folder" -f "$folder/apache.conf" -DFOREGROUND > apache.log 2>&1 &
proxies="$proxies $!"
sleep 2

node program.js | tee seen
[[ $(< seen) == 'Apache, HTTP/1.1: greeting at once, end at once
HAProxy, HTTP/2: greeting at once, end at once
Apache, HTTP/2: greeting with the next message, end later' ]] || {
  echo 'that is different now' >&2
  exit 1
}
echo 'as described'
