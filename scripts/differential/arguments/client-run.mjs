// Carries out a scenario of the arguments of a client.
import { createHash } from 'node:crypto';
import { errorText } from './describe.mjs';
import { Peer } from './peer.mjs';
import { Run } from './run.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function runClient(scenario, env, trace) {
  const run = new Run({ args: [], ...scenario }, env, trace);
  const { WebSocket } = run;
  let ws;
  let peer;

  env.accept = (socket) => {
    peer = new Peer(run, socket, false);
    peer.head.then((head) => {
      trace.add('request', describeHead(head));
      const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1];
      const protocol = /sec-websocket-protocol: ([^,\r]*)/i.exec(head)?.[1];
      const accept = createHash('sha1')
        .update(key + GUID)
        .digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n` +
          (protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : '') +
          '\r\n'
      );
    });
  };
  try {
    const args = run.make(scenario.args ?? []);
    await run.macrotask(() => {
      run.call('new WebSocket', () => {
        if (scenario.called === 'plain') ws = WebSocket(...args);
        else if (scenario.called === 'Reflect') {
          ws = Reflect.construct(WebSocket, args, class Other {});
        } else if (scenario.called === 'subclass') {
          ws = new (class Sub extends WebSocket {
            emit(...all) {
              run.log(`emit ${String(all[0])}`);
              return super.emit(...all);
            }
          })(...args);
        } else ws = new WebSocket(...args);
        run.names.set(ws, 'ws');
        return ws;
      });
      if (!ws?.on) return;
      run.watch(ws, 'ws', ['redirect', 'unexpected-response']);
      look(run, ws);
    });
    await run.rest();
    await run.rest();
    if (ws?.on) {
      look(run, ws);
      if (ws.readyState === 1) {
        run.call('send', () => ws.send('hi', { compress: false }));
        peer?.send('ping');
        peer?.send('text');
        peer?.send('fragments');
        await run.rest();
        peer?.send('close');
        await run.rest();
        peer?.send('end');
        await run.rest();
      }
      look(run, ws);
      run.call('terminate', () => ws.terminate());
      await run.rest();
      look(run, ws);
    }
  } finally {
    env.accept = null;
    run.end();
    await trace.rest(6);
  }
}

function look(run, ws) {
  const values = ['readyState', 'url', 'protocol', 'extensions']
    .map((name) => {
      try {
        return `${name} ${String(ws[name])}`;
      } catch (err) {
        return `${name} throws ${errorText(err)}`;
      }
    })
    .join(', ');
  run.trace.add('state', values);
}

function describeHead(head) {
  return head
    .replace(/(sec-websocket-key: ).*\r/i, '$1…\r')
    .replace(/\r\n/g, ' ⏎ ');
}
