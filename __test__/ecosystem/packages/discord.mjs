// @discordjs/ws: shards in worker threads, messages that are one zlib stream,
// heartbeats, and sessions that are resumed on another connection.

import zlib from 'node:zlib';

import {
  CompressionMethod,
  WebSocketManager,
  WebSocketShardEvents,
  WorkerShardingStrategy
} from '@discordjs/ws';

import { note, say, serve, stop } from './help.mjs';

const kinds = new Map();
const { port, wss } = await serve(onConnection);

for (const where of ['here', 'in workers']) {
  const manager = new WebSocketManager({
    token: 'token',
    intents: 0,
    compression: CompressionMethod.ZlibNative,
    shardCount: 2,
    helloTimeout: 5000,
    readyTimeout: 5000,
    rest: {
      get: async () => ({
        url: `ws://127.0.0.1:${port}`,
        shards: 2,
        session_start_limit: {
          total: 9,
          remaining: 9,
          reset_after: 0,
          max_concurrency: 9
        }
      })
    },
    ...(where === 'here'
      ? {}
      : {
          buildStrategy: (manager) =>
            new WorkerShardingStrategy(manager, { shardsPerWorker: 1 })
        })
  });
  const ready = new Set();
  const got = new Map();
  const resumed = new Promise((resolve) => {
    manager.on(WebSocketShardEvents.Resumed, resolve);
  });
  let total = 0;
  const all = new Promise((resolve) => {
    manager.on(WebSocketShardEvents.Dispatch, (payload, id) => {
      const { data = payload, shardId = id } = payload.data
        ? payload
        : { data: payload, shardId: id };

      got.set(shardId, (got.get(shardId) ?? 0) + 1);
      if (data.t === 'LAST' && ++total === 2) resolve();
    });
  });

  manager.on(WebSocketShardEvents.Ready, (payload, id) =>
    ready.add(id ?? payload.shardId)
  );
  manager.on(WebSocketShardEvents.Error, (...args) => say('error', args));
  await manager.connect();
  say(where, 'connected', [...(await manager.fetchStatus())].sort());
  for (const id of [0, 1]) {
    await manager.send(id, {
      op: 3,
      d: { since: null, activities: [], status: 'online', afk: false }
    });
  }
  await all;
  say(where, [...ready].sort(), [...got].sort());
  await manager.send(0, { op: 3, d: { status: 'go away' } });
  await resumed;
  say(where, 'resumed');
  await manager.destroy({ reason: 'enough' });
  say(where, [...(await manager.fetchStatus())].sort());
}

await stop(wss);
for (const kind of [...kinds].sort()) note(kind);

function onConnection(ws, request) {
  const deflate = zlib.createDeflate();
  const chunks = [];
  let sequence = 0;

  count(request.url);
  deflate.on('data', (chunk) => chunks.push(chunk));
  send({ op: 10, d: { heartbeat_interval: 45_000 } });
  ws.on('close', (code, reason) => count(`close ${code} ${reason}`));
  ws.on('message', (data, isBinary) => {
    const { d, op } = JSON.parse(data);

    // When the first heartbeat comes is left to chance.
    if (op !== 1) count(`op ${op} ${isBinary}`);
    if (op === 1) send({ op: 11 });
    else if (op === 2) {
      dispatch('READY', {
        v: 10,
        user: { id: '1' },
        guilds: [],
        session_id: `s${d.shard[0]}`,
        resume_gateway_url: `ws://127.0.0.1:${port}`,
        shard: d.shard,
        application: { id: '1', flags: 0 }
      });
    } else if (op === 6) dispatch('RESUMED', {});
    else if (d.status === 'go away') ws.close(4000, 'again');
    else {
      for (let i = 0; i < 200; i++) {
        dispatch('MESSAGE_CREATE', { content: 'ä'.repeat(i * 20) });
      }
      dispatch('LAST', {});
    }
  });

  function dispatch(t, d) {
    send({ op: 0, s: ++sequence, t, d });
  }

  async function send(payload) {
    deflate.write(JSON.stringify(payload));
    await new Promise((resolve) =>
      deflate.flush(zlib.constants.Z_SYNC_FLUSH, resolve)
    );
    ws.send(Buffer.concat(chunks.splice(0)));
  }
}

function count(kind) {
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
