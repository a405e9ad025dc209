import { changedMessages } from './memory.mjs';
import { RawEnd } from './raw-end.mjs';
import { rawStep, release } from './raw-steps.mjs';
import { errText, sleep, turn, within } from './trace.mjs';

/** Ends the connections of a scenario, and writes down what is left of them. */
export async function finish(run) {
  const { scenario } = run;
  await run.quiesce();
  run.note('end of steps');
  run.finishing = true;
  if (!scenario.deflate && !scenario.racy) {
    for (const [name, end] of Object.entries(run.ends)) {
      const socket = end.ws?._socket;
      if (socket && end.ws.readyState === 1 && !end.ws.isPaused) {
        run.trace.add(
          `${name}.bytes`,
          `read ${socket.bytesRead} written ${socket.bytesWritten}`
        );
      }
    }
  }

  for (const end of Object.values(run.ends)) {
    if (end instanceof RawEnd) {
      end.paused = false;
      end.socket?.resume();
      if (end.socket) release(end);
    } else if (end.ws) {
      if (end.corked) end.ws._socket?.uncork();
      if (end.stream && end.stream.isPaused()) end.stream.resume();
      else if (end.stream && !end.stream.readableFlowing) end.stream.resume();
      if (end.ws.isPaused) end.ws.resume();
      if (end.ws._socket?.isPaused?.() && !end.stream) end.ws._socket.resume();
    }
  }
  await run.quiesce();
  run.note('resumed');
  for (const [name, end] of Object.entries(run.ends)) {
    if (end.ws) {
      if (end.ws.bufferedAmount > 0 && end.ws.readyState === 1) {
        run.trace.add(`${name}.state`, 'bufferedAmount above 0');
      }
    }
  }

  for (const end of Object.values(run.ends)) {
    if (end instanceof RawEnd) {
      if (!end.socket || end.closed) continue;
      switch (scenario.finish) {
        case 'rst':
          rawStep(end, { op: 'rst' });
          break;
        case 'close':
          if (!end.sentClose && end.socket.writable) {
            rawStep(end, {
              op: 'frames',
              frames: [{ close: 1000, reason: 'bye' }]
            });
          }
          break;
        case 'sutClose':
          break;
        default:
          end.socket.end();
      }
    }
  }
  if (scenario.finish === 'sutClose' || scenario.peer !== 'raw') {
    for (const [name, end] of Object.entries(run.ends)) {
      if (name.endsWith('a') && end.ws) {
        end.exec({ op: 'close', code: 1000, reason: 'done' });
      }
    }
  }
  const limit = Date.now() + 1200;
  while (Date.now() < limit) {
    if (
      Object.values(run.ends).every(
        (end) => end.closed || (!end.ws && !end.socket)
      )
    ) {
      break;
    }
    await sleep(2);
  }
  await run.quiesce();
  run.note('closed');
  run.over = true;

  for (const [name, end] of Object.entries(run.ends)) {
    if (end.kept) {
      changedMessages(end);
      // What is inflated comes in the context in which zlib was first used.
      for (const line of scenario.deflate ? [] : [...end.contexts].sort()) {
        run.trace.add(`${name}.context`, line);
      }
    }
    end.restore?.();
    if (end.seen && !scenario.deflate) {
      run.trace.add(`${name}.raw`, `${end.seen.n} raw bytes seen`);
    }
    if (end instanceof RawEnd) {
      run.trace.add(`${name}.sent`, JSON.stringify(end.sentMessages));
    }
    if (!end.closed) {
      run.trace.add(`${name}.${end.ws ? 'rx' : 'tcp'}`, 'never closed');
    }
  }
  for (const [key, times] of run.callbacks) {
    if (times === 0) {
      run.trace.add(`${key.split(' ')[0]}.cb`, `${key.split(' ')[1]} NEVER`);
    }
  }
  for (const cleanup of run.cleanups) cleanup();
  if (run.wss?.clients) {
    run.trace.add('proc', `clients left ${run.wss.clients.size}`);
  }

  for (const end of Object.values(run.ends)) {
    if (end.ws && end.ws.readyState !== 3) end.ws.terminate();
    if (end.socket) end.socket.destroy();
  }
  // What is read then may be yet to be inflated.
  for (const end of Object.values(run.ends)) {
    if (end.ws && !end.closed) {
      await within(500, new Promise((resolve) => end.ws.on('close', resolve)));
    }
  }
  if (run.wss) {
    await within(
      500,
      new Promise((resolve) =>
        run.wss.close((err) => {
          run.trace.add('proc', `wss closed ${errText(err)}`);
          resolve();
        })
      )
    );
  }
  if (run.server.listening) run.server.close();
  run.server.closeAllConnections?.();
  await turn();
  await turn();
}
