#!/usr/bin/env bash
# The client of simple-websocket 1.1.0, the WebSocket of Flask-Sock, keeps back what it reads together with the answer
# 101 until something more comes: it looks at the answer alone, and at the rest after the next read. A program that
# waits for a greeting, of a server that waits for the client, waits for nothing; and if the connection's end comes
# next, what was kept back is lost. It is a matter of segments, so it seems to come and go: of ten greetings of Bun
# 1.4.5, which writes them together with the answer, none is there after a second, of ten of ws 8.23.0 five to eight
# are. websockets 17.4 and websocket-client 1.9.2 have all at once. No report was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip, Node.js 20, npm and their registries.
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
  simple-websocket==1.1.0 websockets==17.4 websocket-client==1.9.2
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund bun@1.4.5 ws@8.23.0

# Both greet, and send back what they are sent.
cat > bun.js << 'JS'
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response()),
  websocket: {
    open: (connection) => connection.send('greeting'),
    message: (connection, data) => connection.send(data)
  }
});

console.log(server.port);
JS

cat > ws.js << 'JS'
const { WebSocketServer } = require('ws');

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log(wss.address().port));

wss.on('connection', (connection) => {
  connection.send('greeting');
  connection.on('message', (data) => connection.send(`${data}`));
});
JS

# Counts in how many connections the greeting is there within a second, and in how many it comes with the answer to a
# question.
cat > client.py << 'PY'
import sys

name, port = sys.argv[1:3]
url = f'ws://127.0.0.1:{port}/'


def greeted():
    if name == 'simple-websocket':
        from simple_websocket import Client

        connection = Client.connect(url)
        receive = lambda: connection.receive(timeout=1)
    elif name == 'websockets':
        from websockets.sync.client import connect

        connection = connect(url, proxy=None, legacy=True)
        receive = connection.recv
    else:
        from websocket import create_connection

        connection = create_connection(url)
        receive = connection.recv
    at_once = receive()
    connection.send('question')
    messages = [at_once, receive()]
    if at_once is None:
        messages.append(receive())
    connection.close()
    return messages


seen = [greeted() for _ in range(10)]
at_once = seen.count(['greeting', 'question'])
later = seen.count([None, 'greeting', 'question'])
assert at_once + later == 10, seen
print(at_once)
PY

node_modules/.bin/bun bun.js > bun &
servers=$!
node ws.js > ws &
servers="$servers $!"
until [[ -s bun && -s ws ]]; do sleep 0.1; done

greeted() {
  timeout 60 venv/bin/python client.py "$1" "$(cat "$2")"
}

for name in websockets websocket-client simple-websocket; do
  bun=$(greeted $name bun)
  ws=$(greeted $name ws)
  echo "$name: of 10 greetings $bun from Bun are there at once, and $ws from ws"
  if [[ $name == simple-websocket ]]; then
    [[ $bun == 0 ]] || { echo 'simple-websocket has greetings from Bun at once now' >&2 && exit 1; }
  else
    [[ $bun == 10 && $ws == 10 ]] || { echo "$name keeps greetings back now" >&2 && exit 1; }
  fi
done
