// What a program does with all connections of a server, and with what a
// connection's socket says of its queue.
import { activity } from './trace.mjs';

/** Sends one message to all: with ws, to one after the other. */
export function sendToAll({ run, role }, step, data) {
  const clients = run.wss?.clients;

  if (role !== 'server' || !run.wss) return;
  // Not to be looked at where there is no need.
  if (run.wss.broadcast && run.scenario.options.clientTracking !== false) {
    giveAll(run, data);
    run.wss.broadcast(data, { compress: false });
    return;
  }
  if (!clients) return;
  giveAll(run, data);
  for (const client of clients) {
    try {
      if (client.readyState === 1) client.send(data, { compress: false });
    } catch {
      // broadcast() goes on with the others, too.
    }
  }
}

function giveAll(run, data) {
  for (const end of Object.values(run.ends)) {
    if (end.role === 'server') end.gave?.(data);
  }
}

/** Looks at who is connected. */
export function lookAtClients({ name, role, run }) {
  const clients = run.wss?.clients;

  if (role !== 'server' || !clients) return;
  const states = [...clients].map((client) => client.readyState);

  run.trace.add(`${name}.state`, `${clients.size} clients: ${states.join()}`);
}

/** Sends as much as the socket takes without having to be drained. */
export async function pump(end, step) {
  const { run, ws } = end;
  let waits = 0;

  run.waiting++;
  for (let i = 0; i < step.n && ws.readyState === 1; i++) {
    end.exec({ ...step, op: 'send', id: step.id * 1000 + i, cb: true });

    const socket = ws._socket;

    if (!socket?.writableNeedDrain) continue;
    waits++;
    await new Promise((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
  }
  run.waiting--;
  activity.count++;
  run.trace.add(`${end.name}.look`, `pump ${step.id} waited ${waits} times`);
}
