'use strict';

const { anyOf, isText, sendTo, toMany } = require('./messages');

const WEIGHTS = {
  broadcast: 10,
  publish: 12,
  send: 14,
  fragment: 5,
  blob: 1,
  ping: 3,
  subscribe: 6,
  unsubscribe: 3,
  leave: 0.5,
  listen: 0.5,
  peerMessage: 5,
  peerPing: 2,
  peerPause: 2,
  peerResume: 3,
  touch: 1,
  watch: 0.4,
  ownWrite: 0.3,
  pause: 0.3,
  resume: 1,
  close: 0.4,
  terminate: 0.15,
  peerClose: 0.2,
  peerCut: 0.15,
  metrics: 0.5,
  sizes: 1
};

/** With `--wild`. */
const WILD = {
  ...WEIGHTS,
  close: 1.5,
  ownWrite: 1,
  peerClose: 1.5,
  peerCut: 3,
  terminate: 1.5,
  watch: 2
};

const actions = {
  broadcast(world) {
    const server = world.random.pick(world.servers);
    const all = world.connections.filter((one) => one.server === server);

    toMany(world, `broadcast ${server.kind}`, all, (data, options) =>
      server.wss.broadcast(data, options)
    );
  },

  publish(world) {
    const name = world.random.pick([...world.members.keys()]);
    const all = [...world.members.get(name)];

    toMany(
      world,
      `publish ${JSON.stringify(name)}`,
      all,
      (data, options) => world.topics.publish(name, data, options),
      name
    );
  },

  send(world) {
    const one = anyOf(world);
    const { random } = world;
    const data = random.data(world.nextId++);
    const isBinary = random.chance(0.8) ? !data.isText : random.chance(0.5);
    const compress = random.chance(0.7);

    if (one.fragments !== null) return;
    if (!isBinary && !isText(data)) return;
    sendTo(world, one, data, isBinary, { binary: isBinary, compress });
  },

  fragment(world) {
    const one = anyOf(world);
    const { random } = world;
    const data = random.data(world.nextId++);
    const fin = random.chance(0.4);
    const isBinary = one.fragments?.isBinary ?? true;

    if (one.ws.readyState !== 1) return;
    world.note(`fragment ${one.index} ${data.bytes.length} ${fin}`);
    sendTo(world, one, data, isBinary, {
      binary: isBinary,
      compress: random.chance(0.7),
      fin
    });
  },

  blob(world) {
    const one = anyOf(world);
    const bytes = world.random.bytes(world.nextId++, world.random.length());

    if (one.fragments !== null || one.ws.readyState !== 1) return;
    sendTo(
      world,
      one,
      { bytes, isText: false, spoil() {}, value: new Blob([bytes]) },
      true,
      { compress: world.random.chance(0.5) }
    );
  },

  ping(world) {
    const one = anyOf(world);
    const data = Buffer.from(`ping ${world.nextId++}`);

    if (one.ws.readyState !== 1) return;
    world.note(`ping ${one.index}`);
    one.mayExceed = true;
    one.ws.ping(data);
    one.push({ data, type: 'ping' });
  },

  subscribe(world) {
    const one = anyOf(world);
    const name = world.random.pick([...world.members.keys()]);
    const set = world.members.get(name);
    const isNew = world.topics.subscribe(one.ws, name);
    const isOpen = one.ws.readyState === 1;

    world.note(`subscribe ${one.index} ${JSON.stringify(name)}`);
    if (isNew !== (isOpen && !set.has(one))) {
      one.fault(`subscribe() gave ${isNew}`);
    }
    if (isOpen) set.add(one);
  },

  unsubscribe(world) {
    const one = anyOf(world);
    const name = world.random.pick([...world.members.keys()]);
    const was = world.topics.unsubscribe(one.ws, name);

    world.note(`unsubscribe ${one.index} ${JSON.stringify(name)}`);
    if (was !== world.members.get(name).delete(one)) {
      one.fault(`unsubscribe() gave ${was}`);
    }
  },

  leave(world) {
    const one = anyOf(world);
    let was = false;

    for (const set of world.members.values()) if (set.delete(one)) was = true;
    world.note(`leave ${one.index}`);
    if (world.topics.unsubscribe(one.ws) !== was) {
      one.fault('unsubscribe() of all');
    }
  },

  listen(world) {
    const name = world.random.pick([...world.members.keys()]);

    world.heard ??= new Map();
    if (world.heard.has(name)) return;

    const heard = { queue: [] };

    world.note(`listen ${JSON.stringify(name)}`);
    world.heard.set(name, heard);
    heard.stop = world.topics.listen(name, (data, isBinary) => {
      const { bytes, commit, isBinary: its } = heard.queue.shift();

      if (!data.equals(bytes) || its !== isBinary) {
        world.fault('a listener heard something else');
      }
      data.fill(0x55);
      commit();
      if (world.random.chance(0.3)) world.act();
      if (world.random.chance(0.1)) {
        heard.stop();
        world.heard.delete(name);
      }
    });
  },

  peerMessage(world) {
    const one = anyOf(world);
    const { random } = world;

    if (
      one.peer.isCut ||
      one.isPeerClosing ||
      one.peer.isFinished ||
      one.ending !== null
    ) {
      return;
    }

    const isBinary = random.chance(0.5);
    const id = world.nextId++;
    const data = isBinary
      ? random.bytes(id, random.length())
      : Buffer.from(random.text(id, random.length()));

    world.note(`peer ${one.index} sends ${data.length}`);
    one.toServer.push({ data, isBinary });
    one.bytesToServer += data.length;
    one.peer.message(
      data,
      isBinary,
      random.pick([1, 1, 1, 2, 5]),
      random.chance(0.7)
    );
  },

  peerPing(world) {
    const one = anyOf(world);

    if (one.peer.isCut || one.isPeerClosing || one.peer.isFinished) return;

    const data = Buffer.from(`from peer ${world.nextId++}`);

    one.pongs.push(data);
    one.mayExceed = true;
    one.peer.frame(0x89, data);
  },

  peerPause(world) {
    anyOf(world).peer.pause();
  },

  peerResume(world) {
    anyOf(world).peer.resume();
  },

  touch(world) {
    const one = anyOf(world);
    const { _socket: socket } = one.ws;

    world.note(`touch ${one.index}`);
    void socket?.remoteAddress;
    void socket?.writableLength;
  },

  /** Takes the connection off the native wire. */
  watch(world) {
    const one = anyOf(world);

    world.note(`watch ${one.index}`);
    if (one.ws.readyState !== 1) return;
    one.ws._socket?.on('data', () => {});
  },

  ownWrite(world) {
    const one = anyOf(world);
    const { _socket: socket } = one.ws;

    if (!socket || one.ws.readyState !== 1) return;
    world.note(`ownWrite ${one.index}`);

    const { write } = socket;

    socket.write = function (...args) {
      return write.apply(this, args);
    };
  },

  pause(world) {
    anyOf(world).ws.pause();
  },

  resume(world) {
    anyOf(world).ws.resume();
  },

  close(world) {
    const one = anyOf(world);

    if (one.ws.readyState !== 1) return;
    world.note(`close ${one.index}`);
    one.ending ??= 'close';
    one.ws.resume();
    one.peer.resume();
    // A fragmented message without an end; what waited for it is lost.
    one.held = [];
    one.hasCut ||= one.fragments !== null;
    one.ws.close(1000, 'enough');
  },

  terminate(world) {
    const one = anyOf(world);

    world.note(`terminate ${one.index}`);
    one.ending = 'cut';
    one.ws.terminate();
  },

  peerClose(world) {
    const one = anyOf(world);

    if (one.peer.isCut || one.isPeerClosing || one.peer.isFinished) return;
    world.note(`peer ${one.index} closes`);
    one.isPeerClosing = true;
    one.ending ??= 'close';
    one.ws.resume();
    one.peer.resume();
    one.hasCut = true;
    one.peer.frame(0x88, Buffer.from([0x0f, 0xa0]));
  },

  peerCut(world) {
    const one = anyOf(world);

    world.note(`peer ${one.index} is gone`);
    one.peer.isCut = true;
    one.ending = 'cut';
    one.ws.resume();
    one.peer.socket.destroy();
  },

  metrics(world) {
    for (const { wss } of world.servers) wss.metrics();
  },

  sizes(world) {
    for (const [name, set] of world.members) {
      const size = world.topics.size(name);

      if (size !== set.size) {
        world.fault(
          `size(${JSON.stringify(name)}) is ${size}, not ${set.size}`
        );
      }
    }
  }
};

function run(world, what) {
  actions[what ?? world.random.weigh(world.config.wild ? WILD : WEIGHTS)](
    world
  );
}

module.exports = { run };
