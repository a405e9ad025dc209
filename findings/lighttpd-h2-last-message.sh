#!/usr/bin/env bash
# A WebSocket over HTTP/2 is an extended CONNECT (RFC 8441). A client that has said all ends its half of the stream
# with END_STREAM, which stands for the FIN of TCP (its section 5): what came with it goes on to the server, and what
# the server answers still goes to the client (RFC 9113, 8.5). lighttpd 1.4.69 in front of a server that speaks HTTP/1.1
# drops what comes together with the end. Of a client that sends its last message and a close frame and ends the stream
# with them, as end(data) of Node.js does, the server has what was before, and then the connection's end without
# a close frame; the client has INTERNAL_ERROR, or PROTOCOL_ERROR if nothing was before. If the end comes later, the
# server has all, and the client INTERNAL_ERROR in place of the answer. Who waits for the server's close frame, as
# browsers do, sees nothing of this. HAProxy 2.6.12 and Apache 2.4.71 pass all on. Of ends that others keep back, and of
# answers lost behind them: https://github.com/nghttp2/nghttp2/issues/2868 and
# https://github.com/caddyserver/caddy/issues/8026. No report about lighttpd was found.
#
# Fails if that is no longer so. Needs Node.js 20, and the Debian packages lighttpd, haproxy and apache2-bin; the ports
# 17900 to 17903.
set -euo pipefail

folder=$(mktemp -d)
modules=/usr/lib/apache2/modules

end() {
  kill ${others:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

cat > lighttpd.conf << END
server.document-root = "$folder"
server.errorlog = "$folder/lighttpd.log"
server.bind = "127.0.0.1"
server.port = 17901
server.modules = ("mod_proxy")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => 17900)))
proxy.header = ("upgrade" => "enable")
END

cat > haproxy.cfg << 'END'
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:17902 proto h2
  default_backend servers
backend servers
  server one 127.0.0.1:17900
END

cat > apache.conf << END
ServerRoot $folder
ServerName localhost
PidFile $folder/apache.pid
ErrorLog $folder/apache.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
LoadModule http2_module $modules/mod_http2.so
Protocols h2c http/1.1
H2WebSockets on
Listen 127.0.0.1:17903
ProxyPass / http://127.0.0.1:17900/ upgrade=websocket
END

cat > program.js << 'JS'
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const http2 = require('node:http2');
const { setTimeout: after } = require('node:timers/promises');

// The mask of a client's frames is zero: what is sent can be compared.
const frame = (opcode, payload) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
const FIRST = frame(1, Buffer.from('first'));
const LAST = Buffer.concat([frame(1, Buffer.from('last')), frame(8, Buffer.from([0x03, 0xe8]))]);
const ANSWER = Buffer.from([0x88, 0x02, 0x03, 0xe8]);

// Answers once all that comes is there: with its close frame, and the end.
let ended;
const server = http.createServer().on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const pieces = [];

  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`
  );
  socket.on('error', () => {});
  socket.on('data', (piece) => pieces.push(piece));
  socket.on('end', async () => {
    const received = Buffer.concat(pieces);

    ended(received.length === 0 ? 'nothing' : received.equals(FIRST) ? 'the first' : 'the last');
    await after(200);
    socket.end(ANSWER);
  });
});

async function check(title, port, way) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const received = new Promise((resolve) => (ended = resolve));

  await once(session, 'remoteSettings');
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':authority': 'localhost',
    ':path': '/',
    'sec-websocket-version': '13'
  });
  const pieces = [];
  let error;

  stream.on('data', (piece) => pieces.push(piece));
  stream.on('error', ({ message }) => (error = /NGHTTP2_\w+/.exec(message)?.[0] ?? message));
  await once(stream, 'response');
  const closed = new Promise((resolve) => stream.on('close', resolve));

  if (way === 'behind another') stream.write(FIRST);
  if (way === 'ended later') stream.write(LAST);
  if (way !== 'alone') await after(500);
  stream.end(way === 'ended later' ? undefined : LAST);
  const has = await Promise.race([received, after(5000, 'no end')]);

  await Promise.race([closed, after(5000)]);
  session.destroy();
  const answered = Buffer.concat(pieces).equals(ANSWER) ? 'the answer' : 'no answer';

  console.log(`${title}, ${way}: the server has ${has}, the client ${error ?? answered}`);
}

server.listen(17900, '127.0.0.1', async () => {
  for (const way of ['alone', 'behind another', 'ended later']) {
    await check('lighttpd', 17901, way);
    await check('HAProxy', 17902, way);
    await check('Apache', 17903, way);
  }
  process.exit();
});
JS

PATH=$PATH:/usr/sbin
lighttpd -D -f lighttpd.conf > lighttpd.out 2>&1 &
others=$!
haproxy -db -f haproxy.cfg > haproxy.log 2>&1 &
others="$others $!"
apache2 -D FOREGROUND -f "$folder/apache.conf" > apache.out 2>&1 &
others="$others $!"
for port in 17901 17902 17903; do
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
done

cat > expected << 'END'
lighttpd, alone: the server has nothing, the client NGHTTP2_PROTOCOL_ERROR
HAProxy, alone: the server has the last, the client the answer
Apache, alone: the server has the last, the client the answer
lighttpd, behind another: the server has the first, the client NGHTTP2_INTERNAL_ERROR
HAProxy, behind another: the server has the last, the client the answer
Apache, behind another: the server has the last, the client the answer
lighttpd, ended later: the server has the last, the client NGHTTP2_INTERNAL_ERROR
HAProxy, ended later: the server has the last, the client the answer
Apache, ended later: the server has the last, the client the answer
END
timeout 60 node program.js | tee seen
diff expected seen || {
  echo 'that is new' >&2
  exit 1
}
echo 'as described'
