#!/usr/bin/env bash
# A server of a Redis Cluster that gives a slot away ends the sharded subscriptions of its channels by itself, in the
# words of an answer to SUNSUBSCRIBE. A client that has just asked for something else takes them for its answer
# (https://github.com/valkey-io/valkey/issues/1066 is about that of the protocol). With redis (node-redis) 5.12.1, and
# 6.3.1 on RESP2, which is the default of 5, there is an answer too many then: if it had asked for two other
# channels, both are said to be subscribed, Redis says that it sends their messages, and each of these becomes a
# TypeError in an 'error' event and is lost, until the client sends another command. With RESP3, the default of 6,
# there is one TypeError and nothing is lost, and with ioredis 5.11.1 two errors ("Command queue state error").
# Seen with Redis 7.0.15.
# https://github.com/redis/node-redis/issues/3311 was about subscribing elsewhere then, and is mended in 6.3.1.
#
# Fails if that is no longer so. Needs Node.js 20, npm and its registry, redis-server and redis-cli 7.0 or later; the
# port 17600.
set -euo pipefail

folder=$(mktemp -d)

end() {
  kill -CONT ${server:-} 2> /dev/null || true
  kill ${server:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT
cd "$folder"

echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund redis-5@npm:redis@5.12.1 redis-6@npm:redis@6.3.1 ioredis@5.11.1

redis-server --port 17600 --bind 127.0.0.1 --dir "$folder" --save '' --cluster-enabled yes > log &
server=$!
until redis-cli -p 17600 ping > /dev/null 2>&1; do sleep 0.1; done
redis-cli -p 17600 cluster addslotsrange 0 16383 > /dev/null
until redis-cli -p 17600 cluster info | grep -q cluster_state:ok; do sleep 0.1; done

cat > program.js << 'JS'
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');

const [, , library, protocol] = process.argv;
const server = Number(process.env.SERVER);
const redis = (...args) => execFileSync('redis-cli', ['-p', '17600', ...args]).toString().trim();
const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const heard = [];
const errors = [];

async function subscriber() {
  const note = (error) => errors.push(error.message.includes('queue state') ? 'queue state' : error.name);

  if (library === 'ioredis') {
    const client = new (require('ioredis'))(17600, '127.0.0.1');

    await once(client, 'ready');
    client.on('error', note).on('smessage', (channel) => heard.push(channel));
    return (channel) => client.ssubscribe(channel);
  }

  const client = require(library).createClient({ url: 'redis://127.0.0.1:17600', RESP: Number(protocol) });

  await client.on('error', note).connect();
  return (channel) => client.sSubscribe(channel, (message, name) => heard.push(name));
}

(async () => {
  const subscribe = await subscriber();
  const slot = redis('cluster', 'keyslot', 'moved');
  const other = net.connect(17600, '127.0.0.1');

  await once(other, 'connect');
  await subscribe('moved');

  // Both commands are with the server before it goes on: the slot is given away first.
  process.kill(server, 'SIGSTOP');
  other.write(`CLUSTER DELSLOTS ${slot}\r\n`);
  await after(300);

  const answers = Promise.all([subscribe('one'), subscribe('two')]);

  await after(300);
  process.kill(server, 'SIGCONT');
  await answers;
  await after(500);
  redis('cluster', 'addslots', slot);
  await after(500);

  async function publish() {
    const before = heard.length;
    let sent = 0;

    for (const channel of ['one', 'two', 'one', 'two']) {
      sent += Number(redis('spublish', channel, 'message'));
      await after(200);
    }
    return `${heard.length - before} of ${sent}`;
  }

  const behind = await publish();
  const failed = errors.length;

  await subscribe('three');
  console.log(`${behind} heard, ${failed} x ${errors[0]}, ${await publish()} behind another command`);
  process.exit();
})();
JS

check() {
  local title=$1 expected=$2 seen
  shift 2
  seen=$(SERVER=$server timeout 30 node program.js "$@")
  echo "$title: $seen"
  [[ $seen == "$expected" ]] || {
    echo "expected: $expected" >&2
    exit 1
  }
}

check 'redis 5, RESP2' '0 of 4 heard, 5 x TypeError, 4 of 4 behind another command' redis-5 2
check 'redis 6, RESP2' '0 of 4 heard, 5 x TypeError, 4 of 4 behind another command' redis-6 2
check 'redis 6, RESP3' '4 of 4 heard, 1 x TypeError, 4 of 4 behind another command' redis-6 3
check 'ioredis' '4 of 4 heard, 2 x queue state, 4 of 4 behind another command' ioredis
echo 'as described'
