'use strict';

const diagnostics = require('node:diagnostics_channel');
const { once } = require('node:events');
const {
  setImmediate: immediate,
  setTimeout: sleep
} = require('node:timers/promises');

const { run } = require('./actions');
const makeConfig = require('./config');
const Connection = require('./connection');
const { allCounted, checkMetrics } = require('./metrics');
const Peer = require('./peer');
const Random = require('./random');
const { connectTo, openServer } = require('./servers');

/** Servers, their topics and peers; what goes wrong is in `faults`. */
class World {
  constructor(seed, WebSocket, fixed = {}) {
    this.random = new Random(seed);
    this.WebSocket = WebSocket;
    this.faults = [];
    this.log = [];
    this.connections = [];
    this.servers = [];
    this.byWs = new Map();
    this.nextId = 1;
    /** What `onBackpressure` has decided in the operation that runs, by WebSocket. */
    this.decisions = null;
    this.depth = 0;
    this.config = { ...makeConfig(this.random), ...fixed };
  }

  fault(text) {
    if (this.faults.length < 20) this.faults.push(text);
    this.log.push(`!! ${text}`);
  }

  note(text) {
    this.log.push(`${'  '.repeat(this.depth)}${text}`);
  }

  async open() {
    const { config, random } = this;

    this._onPressure = (message) => this._noteDecision(message);
    diagnostics.subscribe('ws-rs:backpressure', this._onPressure);
    this.topics = new this.WebSocket.Topics();
    this.members = new Map(config.names.map((name) => [name, new Set()]));

    for (const kind of config.kinds) {
      this.servers.push(await openServer(this, kind));
    }

    for (let i = 0; i < config.peers; i++) {
      await this._connect(
        i,
        this.servers[i % this.servers.length],
        random.pick(config.offers)
      );
    }
  }

  async _connect(index, server, offer) {
    const { kind, wss } = server;
    const socket = connectTo(server);
    let connection = null;
    const early = [];
    const peer = new Peer(socket, {
      offer,
      onevent: (event) => {
        if (connection === null) early.push(event);
        else connection.got(event);
      },
      onfault: (text) => this.fault(`peer ${index} (${kind}): ${text}`)
    });
    const [ws] = await once(wss, 'connection');

    await peer.opened;
    connection = new Connection(this, index, ws, peer, server);
    connection.pongs = [];
    this.connections.push(connection);
    this.byWs.set(ws, connection);
    for (const event of early) connection.got(event);
    this._listen(connection);
  }

  _listen(connection) {
    const { server, ws } = connection;

    ws.on('error', (err) => {
      connection.error = err;
      if (connection.ending === null) {
        connection.ending = 'cut';
        if (!connection.mayFail) connection.fault(`'error' ${err.stack}`);
      }
    });
    ws.on('message', (data, isBinary) => {
      const next = connection.toServer[connection.atServer++];

      if (
        next === undefined ||
        next.isBinary !== isBinary ||
        !next.data.equals(data)
      ) {
        connection.fault(
          `the server got a wrong message of ${data.length} bytes (${connection.atServer} of ${connection.toServer.length})`
        );
      }
      if (this.random.chance(0.3)) this.act();
    });
    ws.on('drain', () => {
      connection.drains++;
      if (
        !connection.wasOver &&
        !connection.mayDrain &&
        !connection.mayExceed
      ) {
        connection.fault("'drain' without anything over the mark");
      }
      if (ws.bufferedAmount !== 0 && this.depth === 0) {
        connection.fault(`'drain' with ${ws.bufferedAmount} bytes`);
      }
      connection.wasOver = connection.mayDrain = false;
      if (this.random.chance(0.3)) this.act();
    });
    ws.on('close', (code) => {
      if (connection.isClosed) connection.fault("'close' twice");
      connection.isClosed = true;
      connection.code = code;
      server.codes[code] = (server.codes[code] ?? 0) + 1;
      for (const set of this.members.values()) set.delete(connection);
      if (
        connection.ending === null &&
        !connection.isPeerClosing &&
        !connection.peer.isCut
      ) {
        connection.fault(`'close' ${code} out of nothing`);
      }
      connection.ending ??= 'cut';
      if (this.random.chance(0.3)) this.act();
    });
  }

  /** The function `onBackpressure`. */
  decide(ws, bytes) {
    const connection = this.byWs.get(ws);
    const { random } = this;

    connection.wasOver = true;
    if (bytes !== ws.bufferedAmount) {
      connection.fault(
        `onBackpressure was called with ${bytes}, bufferedAmount is ${ws.bufferedAmount}`
      );
    }

    const what = random.weigh({
      close: 1,
      drop: 8,
      queue: 8,
      send: 1,
      terminate: 0.5,
      throw: 1
    });

    this.note(`onBackpressure of ${connection.index}: ${what}`);
    if (what === 'send' && !this._isDeciding) {
      this._isDeciding = true;
      try {
        this._onlyOne = connection;
        this.act('ping');
        this._onlyOne = null;
        return 'queue';
      } finally {
        this._isDeciding = false;
      }
    }
    if (what === 'terminate') {
      connection.ending = 'cut';
      ws.terminate();
      return 'drop';
    }
    if (what === 'throw') {
      const err = new Error('thrown by onBackpressure');

      this.decisions?.set(ws, 'throw');
      this.thrown = err;
      throw err;
    }
    return what === 'send' ? 'drop' : what;
  }

  _noteDecision({ action, bytes, length, websocket }) {
    const connection = this.byWs.get(websocket);

    if (connection === undefined) return;
    connection.wasOver = true;
    if (action === 'queue') connection.mayExceed = true;
    else connection.server.dropped++;
    if (action === 'close') connection.ending ??= 'close';
    if (bytes + length <= this.config.maxBackpressure) {
      connection.fault(`back pressure with ${bytes} and ${length} bytes`);
    }
    if (this.decisions === null) {
      connection.fault(`back pressure out of nothing`);
    }
    this.decisions?.set(websocket, action);
  }

  act(what) {
    if (this.depth > 3 || this.isOver) return;
    this.depth++;
    try {
      run(this, what);
    } catch (err) {
      this.fault(`an action threw ${err.stack}`);
    } finally {
      this.depth--;
    }
  }

  async play() {
    const { random } = this;
    const ticks = random.int(3, 25);

    for (let i = 0; i < ticks && this.faults.length === 0; i++) {
      const count = random.weigh({ 1: 4, 3: 4, 10: 2, 30: 1 });

      this.note(`tick ${i}`);
      for (let k = 0; k < count; k++) this.act();

      switch (random.weigh({ micro: 3, immediate: 5, sleep: 2, rest: 1 })) {
        case 'micro':
          await null;
          break;
        case 'immediate':
          await immediate();
          break;
        case 'sleep':
          await sleep(random.int(0, 4));
          break;
        default:
          await this.settle(20);
      }
    }
  }

  async settle(turns) {
    for (let i = 0; i < turns; i++) await immediate();
  }

  async until(condition, what, ms = 15_000) {
    const end = Date.now() + ms;

    while (!condition()) {
      if (this.faults.length > 0) return;
      if (Date.now() > end) {
        this.fault(typeof what === 'function' ? what() : what);
        return;
      }
      await sleep(1);
    }
  }

  async finish() {
    const { connections } = this;

    this.isOver = true;
    for (const one of connections) {
      one.ws.resume();
      one.peer.resume();
      // A fragmented message is ended.
      if (one.fragments !== null && one.ws.readyState === 1) {
        this.decisions = new Map();
        one.ws.send('', { fin: true });
        one.fragment(Buffer.alloc(0), false, true);
        this.decisions = null;
      }
    }

    for (const one of connections) {
      await this.until(
        () =>
          one.ending !== null ||
          (one.isDone &&
            one.callbacks.length === 0 &&
            one.atServer === one.toServer.length),
        () =>
          `${one.name}: stopped at ${one.at} of ${one.expected.length}, buffered ${one.ws.bufferedAmount}, ` +
          `callbacks ${one.callbacks.length}, server at ${one.atServer} of ${one.toServer.length}`
      );
      await this.until(
        () => one.ending === null || one.isClosed,
        () =>
          `${one.name}: does not close (${one.ending}), state ${one.ws.readyState}`
      );
    }
    await this.settle(10);
    for (const one of connections) {
      // Some wait for a thread that compresses.
      await this.until(
        () => one.callbacks.length === 0,
        () => `${one.name}: ${one.callbacks.length} callbacks never came`
      );
      if (one.ending === null && one.wasOver) one.fault("no 'drain'");
      if (
        one.ending === 'close' &&
        !one.peer.isCut &&
        one.code !== 1006 &&
        !one.isDone
      ) {
        one.fault('closed without all that was sent');
      }
    }
    this.isMute = true;
    await allCounted(this);
    checkMetrics(this);
    await this.close();
    diagnostics.unsubscribe('ws-rs:backpressure', this._onPressure);
  }

  async close() {
    const { connections, random, topics } = this;

    for (const one of connections) {
      if (one.isClosed) continue;

      switch (
        random.weigh({ close: 4, peerClose: 3, peerCut: 1, terminate: 1 })
      ) {
        case 'close':
          one.ending ??= 'close';
          one.ws.close(1000, 'bye');
          break;
        case 'peerClose':
          one.isPeerClosing = true;
          one.peer.frame(0x88, Buffer.from([0x0f, 0xa1]));
          break;
        case 'peerCut':
          one.peer.isCut = true;
          one.peer.socket.destroy();
          break;
        default:
          one.ending = 'cut';
          one.ws.terminate();
      }
    }
    for (const one of connections) {
      await this.until(
        () => one.isClosed,
        () => `${one.name}: no 'close' at the end`
      );
    }
    for (const one of connections) one.peer.socket.destroy();
    if (this.faults.length > 0) return;
    for (const name of this.members.keys()) {
      if (topics.size(name) !== 0) {
        this.fault(`${topics.size(name)} are left in ${name}`);
      }
    }
    for (const server of this.servers) {
      const { closed, connections: now } = server.wss.metrics();

      if (now.open !== 0) {
        this.fault(`metrics have ${now.open} open at the end`);
      }
      if (JSON.stringify(closed) !== JSON.stringify(server.codes)) {
        this.fault(
          `closed ${JSON.stringify(closed)}, not ${JSON.stringify(server.codes)}`
        );
      }
      server.wss.close();
      server.http?.close();
      server.http?.closeAllConnections?.();
    }
    await topics.close();
  }
}

module.exports = World;
