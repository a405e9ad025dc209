import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { duplexPair } from './duplex-pair.mjs';
import { RawEnd } from './raw-end.mjs';
import { Through } from './send-at-once.mjs';
import { within } from './trace.mjs';
import { WsEnd } from './websocket-end.mjs';

/** A server whose clients are nobody's business: nothing may come from them. */
async function openSink(run) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      run.trace.add('proc', `${chunk.length} bytes went to a stranger`);
    });
  });
  const strangers = [];

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  run.stranger = () => {
    const socket = net.connect(server.address().port, '127.0.0.1');
    socket.on('error', () => {});
    strangers.push(socket);
  };
  run.cleanups.push(() => {
    for (const socket of strangers) socket.destroy();
    server.close();
  });
}

/** Opens the connections of a scenario. */
export async function open(run, { SUT, REAL, TLS }) {
  const { scenario } = run;
  const { transport, role } = scenario;
  const tmp = path.join(
    os.tmpdir(),
    `wsfuzz-${process.pid}-${Date.now() % 1e6}.sock`
  );

  const peerPkg = { sut: SUT, ws: REAL }[scenario.peer] ?? null;
  const serverPkg = role === 'server' ? SUT : peerPkg;
  const clientPkg = role === 'client' ? SUT : peerPkg;
  const sutEnd = 'a';
  const peerEnd = 'b';
  const serverEnd = role === 'server' ? sutEnd : peerEnd;
  const clientEnd = role === 'server' ? peerEnd : sutEnd;

  if (scenario.steps.some((step) => step.what === 'closeHandle')) {
    await openSink(run);
  }

  // The server.
  let nextConn = 0;
  let server;
  const accept = (ws) => {
    const c = nextConn;
    const end = run.ends[`c${c}${serverEnd}`];
    end.attach(ws, scenario.conns[c]);
  };

  const serverOptions =
    serverEnd === 'a' ? scenario.options : scenario.peerOptions;
  const clientOptions =
    clientEnd === 'a' ? scenario.options : scenario.peerOptions;

  if (serverPkg) {
    server =
      transport === 'tls' ? https.createServer(TLS) : http.createServer();
    if (scenario.noServer) {
      const wss = new serverPkg.WebSocketServer({
        noServer: true,
        ...serverOptions
      });
      server.on('upgrade', (req, socket, head) => {
        wss.handleUpgrade(req, socket, head, (ws) => accept(ws));
      });
      run.wss = wss;
    } else {
      const wss = new serverPkg.WebSocketServer({ server, ...serverOptions });
      wss.on('connection', (ws) => accept(ws));
      wss.on('wsClientError', (err, socket) => {
        run.trace.add('proc', `wsClientError ${err.message}`);
        socket.destroy();
      });
      run.wss = wss;
    }
  } else {
    const onSocket = (socket) =>
      run.ends[`c${nextConn}${serverEnd}`].listen(socket);
    server =
      transport === 'tls'
        ? tls.createServer({ ...TLS, allowHalfOpen: true }, onSocket)
        : net.createServer({ allowHalfOpen: true }, onSocket);
    if (transport === 'tls') server.on('tlsClientError', () => {});
    server.onSocket = onSocket;
  }
  run.server = server;

  if (transport === 'unix') {
    await new Promise((resolve) => server.listen(tmp, resolve));
  } else if (transport !== 'duplex') {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  const port =
    transport === 'unix' || transport === 'duplex' ? 0 : server.address().port;

  for (let c = 0; c < scenario.conns.length; c++) {
    const conn = scenario.conns[c];
    nextConn = c;
    for (const [e, r] of [
      [serverEnd, 'server'],
      [clientEnd, 'client']
    ]) {
      const name = `c${c}${e}`;
      const pkg = r === 'server' ? serverPkg : clientPkg;
      run.ends[name] = pkg
        ? new WsEnd(run, name, pkg, r)
        : new RawEnd(run, name, r, scenario.deflate);
      if (!pkg && conn.noAutoClose) run.ends[name].autoClose = false;
    }
    const se = run.ends[`c${c}${serverEnd}`];
    const ce = run.ends[`c${c}${clientEnd}`];
    const behind = conn.behind && conn.behind.length > 0 ? conn.behind : null;
    if (se instanceof RawEnd && behind) se.behind = () => se.encode(behind);

    let pair;
    if (transport === 'duplex') {
      pair = duplexPair(scenario.seed + c, scenario.slowDuplex);
    }

    if (ce instanceof RawEnd) {
      let socket;
      if (pair) socket = pair[0];
      else if (transport === 'tls' && scenario.atOnce) {
        ce.through = new Through(
          net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
        );
        socket = tls.connect({
          socket: ce.through,
          rejectUnauthorized: false,
          allowHalfOpen: true
        });
      } else if (transport === 'tls') {
        socket = tls.connect({
          port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          allowHalfOpen: true
        });
      } else if (transport === 'unix') {
        socket = net.connect({ path: tmp, allowHalfOpen: true });
      } else {
        socket = net.connect({
          port,
          host: '127.0.0.1',
          allowHalfOpen: true
        });
      }
      ce.listen(socket);
      // Half open: answer the server's FIN as a browser would.
      ce.onFin = () => socket.end();
      if (pair) server.emit('connection', pair[1]);
      else {
        await new Promise((resolve) =>
          socket.on(transport === 'tls' ? 'secureConnect' : 'connect', resolve)
        );
      }
      ce.request(behind ? () => ce.encode(behind) : null);
    } else {
      const url =
        transport === 'tls'
          ? `wss://127.0.0.1:${port}`
          : transport === 'unix'
            ? `ws+unix:${tmp}:/`
            : pair
              ? 'ws://duplex.invalid/'
              : `ws://127.0.0.1:${port}`;
      const options = { ...clientOptions, rejectUnauthorized: false };
      if (options.generateMask) {
        const key = options.generateMask === 'zero' ? 0 : 0xa1b2c3d4;
        options.generateMask = (mask) => mask.writeUInt32BE(key, 0);
      }
      if (pair) {
        options.createConnection = () => pair[0];
        if (se instanceof RawEnd) server.onSocket(pair[1]);
        else server.emit('connection', pair[1]);
      }
      if (se instanceof RawEnd) se.onFin = () => se.socket.end();
      const ws = new clientPkg(url, options);
      ce.attach(ws, conn);
    }
    await within(3000, Promise.all([se.opened, ce.opened]));
  }
}
