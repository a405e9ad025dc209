// Runs a scenario whose program is a process of its own; its raw peer is here.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { RawEnd } from './raw-end.mjs';
import { within } from './trace.mjs';

const PROGRAM = path.join(import.meta.dirname, 'program.mjs');

/**
 * @param {Run} run
 * @param {Object} packages Those of main.mjs
 */
export async function runApart(run, { TLS, folder, tlsFolder }) {
  const { scenario } = run;
  const { role, transport } = scenario;
  const peer = new RawEnd(run, 'c0b', role === 'server' ? 'client' : 'server');
  const file = path.join(os.tmpdir(), `ws-rs-apart-${process.pid}.sock`);
  const child = fork(PROGRAM, ['--pkg', folder, '--tls', tlsFolder], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc']
  });
  const exited = new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(`${code} ${signal}`))
  );
  const message = (name) =>
    new Promise((resolve) => {
      child.on('message', (m) => name in m && resolve(m[name]));
      exited.then(() => resolve(undefined));
    });
  const arrivals = [];
  let said = '';
  let marks = [];
  let server;

  child.stderr.on('data', (chunk) => (said += chunk));
  run.ends.c0b = peer;
  peer.onLine = () => arrivals.push(process.hrtime.bigint());
  message('marks').then((list) => {
    if (Array.isArray(list)) marks = list.map(BigInt);
  });

  const ready = message('port');
  if (role === 'client') {
    server = await listen(peer, transport, TLS, file);
    child.send({ scenario, port: server.address().port, file });
  } else {
    child.send({ scenario, file });
    const port = await within(5000, ready);
    if (port !== undefined) connect(peer, transport, port, file);
  }
  await within(5000, Promise.race([peer.opened, exited]));
  if (!peer.isOpen) run.trace.add('proc', `program did not connect: ${said}`);
  else if (scenario.where === 'message') {
    peer.socket.write(peer.encode([{ op: 1, size: 5, id: 1 }]));
  }

  const end = await within(8000, exited);
  if (end === undefined) child.kill('SIGKILL');
  run.trace.add('proc', `program ended: ${end ?? 'never'}`);
  await within(1000, over(peer));
  const frames = run.trace.streams['c0b.wire'] || [];
  run.trace.streams['c0b.when'] = timed(scenario, frames, arrivals, marks);
  peer.socket?.destroy();
  server?.close();
  // Of a program that was ended before it could close its server.
  fs.rmSync(file, { force: true });
}

async function listen(peer, transport, TLS, file) {
  const options = { allowHalfOpen: true };
  const accept = (socket) => {
    peer.onFin = () => socket.end();
    peer.listen(socket);
  };
  const server =
    transport === 'tls'
      ? tls.createServer({ ...TLS, ...options }, accept)
      : net.createServer(options, accept);
  const where = transport === 'unix' ? [file] : [0, '127.0.0.1'];

  await new Promise((resolve) => server.listen(...where, resolve));
  return server;
}

function connect(peer, transport, port, file) {
  const to =
    transport === 'unix' ? { path: file } : { port, host: '127.0.0.1' };
  const options = { ...to, allowHalfOpen: true, rejectUnauthorized: false };
  const isTls = transport === 'tls';
  const socket = isTls ? tls.connect(options) : net.connect(options);

  peer.listen(socket);
  peer.onFin = () => socket.end();
  socket.on(isTls ? 'secureConnect' : 'connect', () => peer.request(null));
}

function over(peer) {
  return new Promise((resolve) => {
    if (!peer.socket || peer.closed) resolve();
    else peer.socket.on('close', resolve);
  });
}

/**
 * In which work of the program each frame arrived. Only those are asked that
 * nothing was waiting before: the others may be joined with what follows.
 */
function timed(scenario, frames, arrivals, marks) {
  const sends = scenario.steps.filter((step) => 'fresh' in step);

  return frames.map((line, i) => {
    if (!sends[i]?.fresh) return `${line}: whenever`;
    return `${line}: when ${marks.filter((m) => m < arrivals[i]).length} were done`;
  });
}
