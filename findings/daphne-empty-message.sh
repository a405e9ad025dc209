#!/usr/bin/env bash
# Daphne 4.2.3, the server of Django Channels, sends nothing when the program sends an empty message, text or bytes, and
# says nothing of it: it asks whether there is a text by its truth. Empty messages are valid (RFC 6455, 5.6), and so is
# {'type': 'websocket.send', 'text': ''} in ASGI, where what counts is None. A client that waits for the answer to a
# message waits forever when the answer is empty, as an echo, a cleared document or the end of a list of chunks is.
# What clients send empty arrives. uvicorn 0.54.0, Hypercorn 0.18.0 and Granian 2.8.9 send it, so a program that was
# written on one of them, as "runserver" of a newer project, stands still on Daphne. No report was found.
#
# Fails if that is no longer so. Needs Python 3.11, pip and its registry; the ports 17820 to 17823.
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
  daphne==4.2.3 uvicorn==0.54.0 websockets==17.4 hypercorn==0.18.0 granian==2.8.9

# Sends back what it is sent.
cat > server.py << 'PY'
async def app(scope, receive, send):
    if scope['type'] != 'websocket':
        return
    await receive()
    await send({'type': 'websocket.accept'})
    while (message := await receive())['type'] == 'websocket.receive':
        if message.get('text') is not None:
            await send({'type': 'websocket.send', 'text': message['text']})
        else:
            await send({'type': 'websocket.send', 'bytes': message['bytes']})
PY

# Says which messages come back.
cat > client.py << 'PY'
import sys

from websockets.sync.client import connect

messages = ['one', '', b'two', b'', 'end']
with connect(f'ws://127.0.0.1:{sys.argv[1]}/', proxy=None) as connection:
    for message in messages:
        connection.send(message)
    seen = [connection.recv(timeout=10)]
    while seen[-1] != 'end':
        seen.append(connection.recv(timeout=10))
print(seen)
PY

cd "$folder"
venv/bin/daphne --bind 127.0.0.1 --port 17820 --verbosity 0 server:app &> daphne &
servers=$!
venv/bin/uvicorn --port 17821 --log-level critical server:app &> uvicorn &
servers="$servers $!"
venv/bin/hypercorn --bind 127.0.0.1:17822 server:app &> hypercorn &
servers="$servers $!"
venv/bin/granian --interface asgi --port 17823 --log-level error server:app &> granian &
servers="$servers $!"

check() {
  local title=$1 port=$2 expected=$3 found
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
  found=$(venv/bin/python client.py "$port")
  printf '%-10s %s\n' "$title" "$found"
  [[ $found == "$expected" ]] || {
    echo "that is new: $expected before" >&2
    exit 1
  }
}

check Daphne 17820 "['one', b'two', 'end']"
check uvicorn 17821 "['one', '', b'two', b'', 'end']"
check Hypercorn 17822 "['one', '', b'two', b'', 'end']"
check Granian 17823 "['one', '', b'two', b'', 'end']"
