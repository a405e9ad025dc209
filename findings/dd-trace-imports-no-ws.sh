#!/usr/bin/env bash
# Datadog's agent for Node.js, dd-trace 6.21.0, does not trace WebSockets of a program that imports ws 8.23.0:
# there is no span for the connection and none for messages, and no warning. With require() there are. The
# agent has its hooks on files of ws (lib/websocket-server.js and others), which wrapper.mjs of ws imports;
# it calls such hooks for files that are required, while of what is imported it knows a package's main file
# only. If the program, or a package that it uses, also requires ws, the hooks are set then, on the same classes.
# So with each of the ways to start the agent that Datadog names for modules. Seen on Node.js 22.23, 24.22 and 26.12.
#
# Fails if that is no longer so. Needs Node.js 22 or later, npm and its registry.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts dd-trace@6.21.0 ws@8.23.0

cat > body.js << 'END'
module.exports = (tracer, { WebSocket, WebSocketServer }) => {
  const names = [];

  tracer._tracer._exporter.export = (spans) => names.push(...spans.map(({ name }) => name));
  const wss = new WebSocketServer({ port: 0 }, () => {
    const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

    client.on('open', () => client.send('hello'));
    client.on('message', () => client.close());
    client.on('close', () => setTimeout(() => {
      const seen = ['web.request', 'websocket.receive', 'websocket.send'];

      console.log(seen.map((name) => `${name} ${names.filter((one) => one === name).length}`).join(', '));
      process.exit();
    }, 300));
  });

  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
};
END
cat > required.cjs << 'END'
require('./body.js')(require('dd-trace'), require('ws'));
END
cat > imported.mjs << 'END'
import tracer from 'dd-trace';
import { WebSocket, WebSocketServer } from 'ws';
import body from './body.js';
body(tracer, { WebSocket, WebSocketServer });
END

export DD_TRACE_WEBSOCKET_MESSAGES_ENABLED=true DD_TRACE_STARTUP_LOGS=false
export DD_INSTRUMENTATION_TELEMETRY_ENABLED=false

check() {
  local title=$1 expected=$2 seen
  shift 2
  seen=$(node "$@" 2> /dev/null)
  printf '%s: %s\n' "$title" "$seen"
  [[ $seen == "$expected" ]] || {
    echo "expected: $expected" >&2
    exit 1
  }
}

check 'required' 'web.request 1, websocket.receive 1, websocket.send 1' --require dd-trace/init required.cjs
check 'imported, initialize.mjs' 'web.request 0, websocket.receive 0, websocket.send 0' \
  --import dd-trace/initialize.mjs imported.mjs
check 'imported, register.js' 'web.request 0, websocket.receive 0, websocket.send 0' \
  --import dd-trace/register.js --require dd-trace/init imported.mjs
echo 'as described'
