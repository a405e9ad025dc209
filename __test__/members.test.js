'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const theirs = require('ws');

const ours = require('..');
const { portOf } = require('./support/raw-http');

/** What docs/api.md says that these have besides. */
const ADDITIONS = {
  client: ['transport'],
  server: ['broadcast', 'metrics', 'setSecureContext'],
  peer: ['transport']
};

describe('what a program finds on connections and servers', () => {
  // Programs keep what they like on them, and have classes on top of them: a
  // name of ours that ws has not may be one of theirs.
  for (const accept of ['native', 'node']) {
    it(`has no names that those of ws have not (accept: ${accept})`, async (t) => {
      const [expected, found] = await Promise.all([
        membersOf(t, theirs),
        membersOf(t, ours, { accept })
      ]);

      for (const who of Object.keys(ADDITIONS)) {
        const known = [...expected[who], ...ADDITIONS[who]];

        assert.ok(expected[who].size > 20);
        assert.deepStrictEqual(
          [...found[who]].filter((name) => !known.includes(name)),
          []
        );
      }
    });
  }

  it('are those that are enumerated, of prototypes and what these inherit', () => {
    const enumerated = (object) => {
      const names = [];

      // Instances of ws have private fields of these forms, too.
      for (const name in object) if (name[0] !== '_') names.push(name);
      return [names.sort(), Object.keys(object).sort()];
    };

    for (const name of ['WebSocket', 'WebSocketServer', 'Sender', 'Receiver']) {
      assert.deepStrictEqual(
        enumerated(ours[name].prototype),
        enumerated(theirs[name].prototype),
        name
      );
    }
  });

  it('are functions that take as many arguments', () => {
    const functionsOf = (all, owner, name) =>
      Object.entries(Object.getOwnPropertyDescriptors(owner))
        .filter(([key]) => key[0] !== '_' && Object.hasOwn(all, key))
        .filter(([, { value }]) => typeof value === 'function')
        .map(([key, { value }]) => `${name}.${key} ${value.length}`);
    const publicOf = (pkg, all) =>
      [
        'Receiver',
        'Sender',
        'PerMessageDeflate',
        'WebSocketServer',
        'WebSocket'
      ]
        .flatMap((name) => [
          ...functionsOf(all[name], pkg[name], name),
          ...functionsOf(all[name].prototype, pkg[name].prototype, `${name}#`)
        ])
        .sort();
    // What both have. Methods of ws alone are those of its own making.
    const expected = publicOf(theirs, ours);
    const found = publicOf(ours, theirs);

    assert.ok(expected.includes('WebSocket#.send 3'));
    assert.ok(expected.includes('WebSocket.Sender 3'));
    assert.deepStrictEqual(
      found.filter((line) => !expected.includes(line)),
      []
    );
  });

  it('may be anything else that a program puts there', async (t) => {
    const echoed = Buffer.from('and back');

    class Connection extends ours.WebSocket {
      _connection = 'of a database';
      _heartbeat = setTimeout(() => {}, 0);
      _output = [];

      constructor(...args) {
        super(...args);
        Object.assign(this, { _opened: Date.now(), _negotiated: false });
      }

      _abort() {
        assert.fail('is not called');
      }

      _connect() {
        assert.fail('is not called');
      }

      onConnected() {
        assert.fail('is not called');
      }
    }

    class Server extends ours.WebSocketServer {
      _limits = { rate: 5 };
      _clients = new Map();
      _metrics = null;

      _track() {
        assert.fail('is not called');
      }

      _verify() {
        assert.fail('is not called');
      }
    }

    const wss = new Server({ port: 0, WebSocket: Connection });

    t.after(() => wss.close());
    wss._heartbeat = setInterval(() => {}, 1000).unref();
    wss._contexts = new Map();
    t.after(() => clearInterval(wss._heartbeat));

    const connected = once(wss, 'connection');
    const client = new Connection(`ws://127.0.0.1:${await portOf(wss)}`);
    const [peer] = await connected;

    peer.on('message', (data) => peer.send(data));
    peer.on('pong', () => peer.close(4000, 'enough'));
    await once(client, 'open');
    client.send(echoed);

    const [data] = await once(client, 'message');

    peer.ping();

    const [code, reason] = await once(client, 'close');

    assert.deepStrictEqual(data, echoed);
    assert.strictEqual(code, 4000);
    assert.strictEqual(String(reason), 'enough');
    assert.strictEqual(client._connection, 'of a database');
    assert.deepStrictEqual(peer._output, []);
    assert.deepStrictEqual(wss._contexts, new Map());
  });
});

/** The names of the members of both ends and of the server, by who has them. */
async function membersOf(t, { WebSocket, WebSocketServer }, options) {
  const wss = new WebSocketServer({ port: 0, ...options });

  t.after(() => wss.close());

  const connected = once(wss, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
  const [peer] = await connected;

  peer.on('message', (data) => peer.send(data));
  await once(client, 'open');
  client.send('echo');
  await once(client, 'message');

  const open = {
    client: namesOf(client),
    peer: namesOf(peer),
    server: namesOf(wss)
  };

  client.close();
  await once(peer, 'close');

  const closed = { client: namesOf(client), peer: namesOf(peer) };

  return {
    client: new Set([...open.client, ...closed.client]),
    peer: new Set([...open.peer, ...closed.peer]),
    server: open.server
  };
}

function namesOf(object) {
  const names = new Set();

  for (
    let from = object;
    from !== null && from !== Object.prototype;
    from = Object.getPrototypeOf(from)
  ) {
    for (const name of Object.getOwnPropertyNames(from)) names.add(name);
  }

  return names;
}
