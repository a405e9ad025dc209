'use strict';

const assert = require('node:assert');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');
const { setImmediate: turn } = require('node:timers/promises');

const { CLOSE, frame, FrameReader, MASK, NAMES } = require('./frames');
const { SLOWNESS } = require('./machine');
const { readHead, upgradeRequest, upgradeResponse } = require('./raw-http');
const WebSocket = require('../../index');

const HOST = '127.0.0.1';

/** For how many milliseconds nothing may happen before a test has failed. */
const PATIENCE = 20_000 * SLOWNESS;

/** What the WebSocket of this package is in a conversation. */
const ROLES = ['server', 'client'];

/**
 * Starts what conversations of one kind need: a WebSocket of this package in
 * one role, and peers that are bare TCP sockets in the other.
 *
 * @param {TestContext} t The test, at the end of which all of it is gone
 * @param {String} role 'server' or 'client': the part of this package
 * @param {Object} [options] Of `WebSocketServer` or `WebSocket`
 * @param {String} [extensions] The raw peer's `Sec-WebSocket-Extensions`
 * @return {Promise<Function>} Opens a connection: resolves to a conversation
 */
function start(t, role, options, extensions = null) {
  return role === 'server'
    ? startServer(t, options, extensions)
    : startClient(t, options, extensions);
}

async function startServer(t, options, extensions) {
  const wss = new WebSocket.Server({ host: HOST, port: 0, ...options });
  const opened = new Map();
  let count = 0;

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    for (const { socket } of opened.values()) socket?.destroy();
  });
  wss.on('connection', (ws, request) => {
    opened.set(request.url, new Conversation(ws, 'server'));
  });
  await once(wss, 'listening');

  return async () => {
    const path = `/${count++}`;
    const socket = net.connect(wss.address().port, HOST);

    socket.write(
      upgradeRequest({ 'Sec-WebSocket-Extensions': extensions }, `GET ${path}`)
    );

    const { head, rest } = await readHead(socket);
    assert.match(head, /^HTTP\/1\.1 101 /);

    return opened.get(path).with(socket, rest);
  };
}

async function startClient(t, options, extensions) {
  const server = net.createServer();
  const sockets = new Map();
  let count = 0;

  t.after(() => {
    server.close();
    for (const { socket } of sockets.values()) socket.destroy();
  });
  server.on('connection', async (socket) => {
    const { head, rest } = await readHead(socket);
    const [, path] = head.split(' ');
    const key = /^sec-websocket-key: (.*)$/im.exec(head)[1];

    socket.write(upgradeResponse(key, extensions));
    sockets.set(path, { head, rest, socket });
  });
  server.listen(0, HOST);
  await once(server, 'listening');

  return async () => {
    const path = `/${count++}`;
    const { port } = server.address();
    const ws = new WebSocket(`ws://${HOST}:${port}${path}`, options);
    const conversation = new Conversation(ws, 'client');

    await once(ws, 'open');

    const { rest, socket } = sockets.get(path);
    return conversation.with(socket, rest);
  };
}

/**
 * A WebSocket of this package and its raw peer. What the WebSocket emits is in
 * `events` and what the peer receives in `frames`, both in words; the objects
 * are in `errors` and `rawFrames`.
 *
 * The peer ends its connection as soon as it has got a close frame.
 */
class Conversation {
  constructor(ws, role) {
    this.errors = [];
    this.events = [];
    this.frames = [];
    this.rawFrames = [];
    this.ws = ws;
    this._mask = role === 'server' ? MASK : null;
    this._closed = new Promise((resolve) => ws.once('close', resolve));
    this._waiting = null;

    ws.on('message', (data, isBinary) => {
      this.events.push(
        isBinary ? line('binary', hex(data)) : line('text', utf8(data))
      );
    });
    ws.on('ping', (data) => this.events.push(line('ping', hex(data))));
    ws.on('pong', (data) => this.events.push(line('pong', hex(data))));
    ws.on('error', (err) => {
      this.errors.push(err);
      this.events.push(`error ${err.code}`);
    });
    ws.on('close', (code, reason) => {
      this.events.push(line(`close ${code}`, utf8(reason)));
    });
  }

  /** Takes the peer's socket, behind the handshake. */
  with(socket, rest) {
    const reader = new FrameReader();

    this.socket = socket;
    this._ended = once(socket, 'close');
    socket.setNoDelay();
    socket.on('error', (err) => this.frames.push(`error ${err.code}`));
    socket.on('data', (chunk) => this._take(reader.push(chunk)));
    this._take(reader.push(rest));
    socket.resume();
    return this;
  }

  _take(frames) {
    for (const received of frames) {
      // RFC 6455, section 5.1: clients mask every frame and servers none.
      assert.strictEqual(received.mask === null, this._mask !== null);
      this.rawFrames.push(received);
      this.frames.push(inWords(received));
      if (received.opcode === CLOSE) this.socket.end();
    }
    if (this._waiting !== null) this._waiting();
  }

  /** Makes a frame of the peer's, masked as its role demands. */
  frame(opcode, payload, options) {
    return frame(opcode, payload, { mask: this._mask, ...options });
  }

  /** Lets the peer send a frame. */
  send(opcode, payload, options) {
    this.write(this.frame(opcode, payload, options));
    return this;
  }

  /** Lets the peer write bytes, if it has not ended. */
  write(bytes) {
    if (!this.socket.writableEnded) this.socket.write(bytes);
  }

  /** Writes pieces, each in a turn of the event loop of its own. */
  async writeEach(pieces) {
    for (const piece of pieces) {
      this.write(piece);
      await turn();
    }
  }

  /** Waits until the peer has got a number of frames. */
  async received(count) {
    while (this.rawFrames.length < count) {
      const more = new Promise((resolve) => {
        this._waiting = resolve;
      });

      await this._patiently(more, `frame ${this.rawFrames.length + 1}`);
    }

    return this.rawFrames.slice(0, count);
  }

  /** Waits for both ends to be closed. */
  async over() {
    await this._patiently(Promise.all([this._closed, this._ended]), 'end');
    return this;
  }

  /** Turns waiting for ever into a failure that says what there was. */
  async _patiently(promise, what) {
    let timer;
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        const { events, frames } = this;
        const seen = JSON.stringify({ events, frames });

        reject(new Error(`No ${what} after ${PATIENCE} ms: ${seen}`));
      }, PATIENCE);
    });

    try {
      await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Ways to cut what the peer sends: whole, and byte by byte. Of long bytes the
 * first and last ones are cut so.
 */
const CHUNKINGS = {
  whole: (bytes) => [bytes],
  'byte by byte': (bytes) => {
    const edge = 40;
    const isLong = bytes.length > 2 * edge + 1;
    const singles = (part) => Array.from(part, (byte) => Buffer.from([byte]));

    return isLong
      ? [
          ...singles(bytes.subarray(0, edge)),
          bytes.subarray(edge, -edge),
          ...singles(bytes.subarray(-edge))
        ]
      : singles(bytes);
  }
};

/**
 * Has the peer of a new connection send frames, in every chunking, and waits
 * for the connection to be over.
 *
 * @param {Function} connect What `start()` gave
 * @param {Function} compose Called with a conversation, returns the frames
 * @return {Promise<Conversation[]>} One for each chunking
 */
function converse(connect, compose) {
  return Promise.all(
    Object.values(CHUNKINGS).map(async (cut) => {
      const conversation = await connect();
      const bytes = Buffer.concat(compose(conversation));

      await conversation.writeEach(cut(bytes));
      return conversation.over();
    })
  );
}

/** Handles items side by side, but not all at once. */
async function inParallel(items, handle, width = 32) {
  const rest = items[Symbol.iterator]();

  async function work() {
    for (const item of rest) await handle(item);
  }

  await Promise.all(Array.from({ length: width }, work));
}

function inWords({ fin, opcode, payload, rsv }) {
  const bits = `${fin ? '' : '-fin '}${rsv === 0 ? '' : `rsv${rsv} `}`;

  if (opcode === CLOSE && payload.length >= 2) {
    const name = `${bits}close ${payload.readUInt16BE(0)}`;
    return line(name, utf8(payload.subarray(2)));
  }

  return line(bits + NAMES[opcode], hex(payload));
}

function line(name, payload) {
  return payload === '' ? name : `${name} ${payload}`;
}

function hex(bytes) {
  return short(bytes, 'hex');
}

function utf8(bytes) {
  return short(bytes, 'utf8');
}

/** Short payloads in full, long ones as their length and digest. */
function short(bytes, encoding) {
  if (bytes.length <= 40) return bytes.toString(encoding);

  const digest = createHash('sha1').update(bytes).digest('hex');
  return `${bytes.length} bytes ${digest}`;
}

module.exports = {
  converse,
  hex,
  HOST,
  inParallel,
  line,
  readHead,
  ROLES,
  start,
  upgradeResponse
};
