// What a program does with a WebSocket, step by step.
import { payload } from '../random.mjs';
import { describeBytes } from './frame-codec.mjs';
import { changePayload } from './memory.mjs';
import { misbehave } from './mischief.mjs';
import { oddCall } from './odd-values.mjs';
import { lookAtClients, pump, sendToAll } from './server-steps.mjs';
import { socketStep } from './socket-steps.mjs';
import { activity, errText } from './trace.mjs';

function describeChunk(chunk) {
  if (typeof chunk === 'string') {
    return `string ${chunk.length} ${describeBytes(Buffer.from(chunk))}`;
  }
  if (ArrayBuffer.isView(chunk)) return describeBytes(chunk);
  const size = chunk.byteLength ?? chunk.size ?? chunk.length;
  return `${chunk.constructor.name} ${size}`;
}

async function iterate(stream, onChunk, log) {
  const parts = [];

  try {
    for await (const chunk of stream) {
      // How bytes are joined that wait is a matter of when they are asked for.
      if (stream.readableObjectMode) onChunk(chunk);
      else parts.push(Buffer.from(chunk));
    }
    log(`iterated ${describeBytes(Buffer.concat(parts))}`);
  } catch (err) {
    log(`iteration failed: ${errText(err)}`);
  }
}

/** Does one step of a scenario at an end that is a WebSocket. */
export function webSocketStep(end, step) {
  const { ws } = end;
  if (end.run.scenario.inside) {
    end.story(`does ${step.op} ${step.what ?? ''} ${step.id ?? ''}`);
  }
  switch (step.op) {
    case 'send': {
      const data = end.data(step);
      end.gave(
        step.kind === 'blob' ? payload('bytes', step.size, step.id) : data
      );
      const options = {};
      for (const name of ['fin', 'binary', 'compress', 'mask']) {
        if (step[name] !== undefined) options[name] = step[name];
      }
      const cb = end.callback(step);
      end.attempt(step, () => {
        if (Object.keys(options).length > 0) ws.send(data, options, cb);
        else ws.send(data, cb);
      });
      if (step.after) changePayload(end, step.after, data);
      break;
    }
    case 'sendData': {
      end.gave(step.data);
      const cb = end.callback(step);
      end.attempt(step, () => ws.send(step.data, { binary: step.binary }, cb));
      break;
    }
    case 'toAll':
      end.attempt(step, () => sendToAll(end, step, end.data(step)));
      break;
    case 'clients':
      lookAtClients(end);
      break;
    case 'pump':
      pump(end, step);
      break;
    case 'burst':
      for (let i = 0; i < step.n; i++) {
        end.exec({
          op: 'send',
          kind: step.kind,
          size: step.sizes[i % step.sizes.length],
          id: step.id * 1000 + i,
          cb: step.cb,
          compress: step.compress,
          cbThrow: i === step.cbThrow
        });
      }
      break;
    case 'ping':
    case 'pong': {
      const cb = end.callback(step);
      end.attempt(step, () => {
        if (step.size === undefined) ws[step.op](cb);
        else ws[step.op](payload('text', step.size, step.id), undefined, cb);
      });
      break;
    }
    case 'close':
      end.attempt(step, () => ws.close(step.code, step.reason));
      break;
    case 'terminate':
      end.attempt(step, () => ws.terminate());
      break;
    case 'pause':
      // In the end everything is to be read.
      if (end.run.finishing) break;
      end.attempt(step, () => ws.pause());
      break;
    case 'resume':
      end.attempt(step, () => ws.resume());
      break;
    case 'binaryType':
      ws.binaryType = step.value;
      break;
    case 'listen': {
      const tag = `L${step.id}`;
      const listener = (...args) => {
        if (step.type === 'message') {
          end.rx(
            `${tag} message ${args[0].length ?? args[0].byteLength ?? args[0].size} ${args[1]}`
          );
        } else end.rx(`${tag} ${step.type}`);
        if (step.removeSelf) ws.removeListener(step.type, listener);
        for (const s of step.do || []) end.run.exec(s);
      };
      end.extra.set(step.id, [step.type, listener]);
      ws[step.how || 'on'](step.type, listener);
      break;
    }
    case 'unlisten': {
      const found = end.extra.get(step.ref);
      if (found) ws.removeListener(found[0], found[1]);
      break;
    }
    case 'addEventListener': {
      const tag = `E${step.id}`;
      const listener = (event) => {
        if (step.type === 'message') {
          const d = event.data;
          end.rx(
            `${tag} event message ${typeof d === 'string' ? `string ${describeBytes(Buffer.from(d))}` : `${d.constructor.name} ${d.length ?? d.byteLength ?? d.size}`} ${event.target === ws}`
          );
        } else if (step.type === 'close') {
          end.rx(
            `${tag} event close ${event.code} ${event.reason} clean ${event.wasClean}`
          );
        } else end.rx(`${tag} event ${event.type} ${event.message ?? ''}`);
      };
      end.extra.set(step.id, [step.type, listener, true]);
      if (step.attribute) ws[`on${step.type}`] = listener;
      else {
        ws.addEventListener(
          step.type,
          step.object ? { handleEvent: listener } : listener,
          step.once ? { once: true } : undefined
        );
      }
      break;
    }
    case 'removeEventListener': {
      const found = end.extra.get(step.ref);
      if (found && found[2]) ws.removeEventListener(found[0], found[1]);
      break;
    }
    case 'react':
      end.reactions.push({ ...step.reaction });
      break;
    case 'sendFrame': {
      const cb = end.callback(step);
      const text = payload('text', step.size, step.id);
      end.gave(text);
      end.attempt(step, () => ws._sender.sendFrame(frameOf(end, text), cb));
      break;
    }
    case 'sockWrite': {
      const cb = end.callback(step);
      const text = payload('text', step.size, step.id);
      end.gave(text);
      end.attempt(step, () => {
        const bytes = Buffer.concat(
          frameOf(end, text).map((chunk) => Buffer.from(chunk))
        );
        const more = ws._socket?.write(bytes, cb);
        end.run.trace.add(`${end.name}.look`, `write returned ${more}`);
      });
      break;
    }
    case 'odd':
      oddCall(end, step);
      break;
    case 'read':
      read(end);
      break;
    case 'enter':
      // What a listener enters is there in those that follow.
      end.run.store.enterWith(`entered ${step.id}`);
      break;
    case 'within':
      end.run.store.run(`within ${step.id}`, () => end.run.exec(step.step));
      break;
    case 'closeServer':
      end.run.wss.close((err) => end.story(`server closed ${errText(err)}`));
      break;
    case 'removeAll':
      ws.removeAllListeners('message');
      break;
    case 'mischief':
      misbehave(end, step.what);
      break;
    case 'take':
      // Only a message has memory to be taken.
      break;
    case 'touch':
      end.attempt(step, () => socketStep(end, step));
      break;
    case 'stream': {
      if (end.stream) break;
      const s = (end.stream = end.pkg.createWebSocketStream(
        ws,
        step.options || {}
      ));
      const log = (line) => end.run.trace.add(`${end.name}.stream`, line);
      const logChunk = (chunk) => log(`data ${describeChunk(chunk)}`);

      if (step.read === 'data') s.on('data', logChunk);
      else if (step.read === 'iterate') iterate(s, logChunk, log);
      else if (step.read === 'echo') {
        // All that comes.
        end.run.trace.add(`${end.name}.gave`, 'anything');
        s.pipe(s);
      }
      s.on('error', (err) => log(`error ${errText(err)}`));
      for (const type of ['end', 'finish', 'close']) {
        s.on(type, () => log(type));
      }
      break;
    }
    case 'streamWrite': {
      if (!end.stream) break;
      end.gave(payload('bytes', step.size, step.id));
      end.attempt({ op: step.op }, () =>
        end.stream.write(
          payload('bytes', step.size, step.id),
          step.cb
            ? (err) =>
                end.run.trace.add(
                  `${end.name}.streamcb`,
                  `${step.id} ${errText(err)}`
                )
            : undefined
        )
      );
      break;
    }
    case 'streamEnd':
      if (end.stream) end.attempt(step, () => end.stream.end());
      break;
    case 'streamDestroy':
      if (end.stream) end.attempt(step, () => end.stream.destroy());
      break;
    case 'streamPause':
      if (end.stream) end.stream.pause();
      break;
    case 'streamResume':
      if (end.stream) end.stream.resume();
      break;
    case 'throw': {
      const err = new Error(`thrown on purpose ${step.id}`);
      err.onPurpose = true;
      throw err;
    }
    case 'delayed':
      setTimeout(() => {
        if (!end.run.over) end.run.exec(step.step);
        end.run.waiting--;
        activity.count++;
      }, step.ms);
      end.run.waiting++;
      break;
    case 'nextTick':
      process.nextTick(() => end.run.exec(step.step));
      break;
    case 'microtask':
      queueMicrotask(() => end.run.exec(step.step));
      break;
    case 'immediately':
      end.run.waiting++;
      setImmediate(() => {
        end.run.waiting--;
        end.run.exec(step.step);
      });
      break;
    default:
      throw new Error(`no such op for a WebSocket: ${step.op}`);
  }
}

/** Looks at what a WebSocket says of itself. */
function read(end) {
  const { ws } = end;
  // Over TLS what is joined is not counted.
  const counts = end.run.scenario.transport !== 'tls';

  end.story(
    [
      ws.isPaused,
      counts && ws.bufferedAmount > 0 ? 'some' : '',
      JSON.stringify(ws.protocol),
      JSON.stringify(ws.extensions),
      ws.binaryType,
      typeof ws.onmessage,
      ws.listenerCount('message')
    ].join(' ')
  );
}

/** The chunks of a text frame, as the sender of this end makes them. */
function frameOf(end, text) {
  return end.pkg.Sender.frame(text, {
    fin: true,
    mask: end.role === 'client',
    opcode: 1,
    readOnly: true,
    rsv1: false
  });
}
