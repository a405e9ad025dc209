// Makes a scenario of a seed: plain data.
import { rng } from '../random.mjs';
import { any, undef } from './arguments.mjs';
import { flowScenario } from './flow-scenario.mjs';
import { clientOptions, deflateOptions } from './options.mjs';
import { partsScenario } from './parts-scenario.mjs';
import { serverScenario } from './server-scenario.mjs';
import { socketScenario, streamScenario } from './socket-scenario.mjs';

/**
 * @param {Number} seed Which one
 * @param {String[]} [kinds] Of these only
 * @return {Object} The same scenario each time
 */
export function makeScenario(seed, kinds = Object.keys(makers)) {
  const r = rng(seed * 2654435761);
  const kind = r.weigh(kinds.map((name) => [weights[name], name]));
  return { kind, seed, ...makers[kind](r) };
}

const weights = {
  flow: 4,
  stream: 2,
  socket: 8,
  client: 3,
  server: 3,
  parts: 4,
  shape: 1
};
const makers = {
  socket: socketScenario,
  stream: streamScenario,
  client: clientScenario,
  flow: flowScenario,
  server: serverScenario,
  parts: partsScenario,
  shape: shapeScenario
};
export const kinds = Object.keys(makers);

function clientScenario(r) {
  const address = r.weigh([
    [6, 'ws://127.0.0.1:{raw}/path'],
    [1, { $: 'urlOf', arg: 'ws://127.0.0.1:{raw}/path' }],
    [1, { $: 'toString', arg: 'ws://127.0.0.1:{raw}/path' }],
    [1, { $: 'boxed', arg: 'ws://127.0.0.1:{raw}/path' }],
    [1, ['ws://127.0.0.1:{raw}/path']],
    [3, any(r)]
  ]);
  const protocols = r.weigh([
    [4, undef],
    [1, null],
    [1, 'a'],
    [1, ['a', 'b']],
    [1, [any(r)]],
    [1, ['a', any(r)]],
    [2, any(r)]
  ]);
  const options = r.chance(0.2) ? any(r) : clientOptions(r);
  const args = r.chance(0.3)
    ? [address, options]
    : [address, protocols, options];
  if (r.chance(0.1)) args.length = r.int(0, 2);
  const scenario = { args };
  if (r.chance(0.1)) scenario.called = r.pick(['plain', 'Reflect', 'subclass']);
  return scenario;
}

function shapeScenario(r) {
  return {
    object: r.pick([
      ...['WebSocket', 'WebSocket.prototype', 'WebSocketServer'],
      ...['WebSocketServer.prototype', 'Sender', 'Sender.prototype'],
      ...['Receiver', 'Receiver.prototype', 'PerMessageDeflate'],
      ...['PerMessageDeflate.prototype', 'extension', 'subprotocol'],
      ...['createWebSocketStream', 'ws', 'wss', 'wss.options', 'bare'],
      ...['messageEvent', 'closeEvent', 'errorEvent', 'openEvent', 'stream'],
      ...['sender', 'receiver', 'deflate', 'closedWs', 'client', 'error']
    ]),
    topology: r.pick(['light', 'touched', 'noServer']),
    view: r.pick([
      ...['descriptors', 'forIn', 'keys', 'json', 'clone', 'toString'],
      ...['inspect', 'prototypes', 'spread', 'assign', 'entries', 'values'],
      ...['set', 'delete', 'freeze', 'callMembers', 'primitive', 'inherit']
    ]),
    with: any(r),
    deflate: deflateOptions(r)
  };
}
