// What a program does with the raw socket below a WebSocket.
import { PassThrough } from 'node:stream';
import { payload } from '../random.mjs';

/** Does one step to the raw socket of an end that is a WebSocket. */
export function socketStep(end, step) {
  const { ws } = end;
  const s = ws._socket;
  if (!s) return;
  switch (step.what) {
    case 'data': {
      const seen = { n: 0 };
      s.on('data', (end.rawListener = (chunk) => (seen.n += chunk.length)));
      end.seen = seen;
      break;
    }
    case 'undata':
      if (end.rawListener) s.removeListener('data', end.rawListener);
      break;
    case 'setTimeout':
      s.setTimeout(60000, () => {});
      break;
    case 'setTimeout0':
      s.setTimeout(0);
      break;
    case 'unref':
      s.unref?.();
      break;
    case 'ref':
      s.ref?.();
      break;
    case 'addresses':
      end.run.trace.add(
        `${end.name}.api`,
        `addresses ${typeof s.remoteAddress} ${typeof s.remotePort} ${typeof s.localPort} ${s.remoteFamily}`
      );
      break;
    case 'noDelay':
      s.setNoDelay?.(false);
      break;
    case 'keepAlive':
      s.setKeepAlive?.(true, 1000);
      break;
    case 'receiver':
      end.run.trace.add(`${end.name}.api`, `receiver ${typeof ws._receiver}`);
      break;
    case 'sender':
      end.run.trace.add(`${end.name}.api`, `sender ${typeof ws._sender}`);
      break;
    case 'bytes':
      void (s.bytesRead + s.bytesWritten);
      break;
    case 'cork':
      s.cork();
      break;
    case 'uncork':
      s.uncork();
      break;
    case 'sockPause':
      s.pause();
      break;
    case 'sockResume':
      s.resume();
      break;
    case 'sockEnd':
      s.end();
      break;
    case 'sockEndData':
      s.end(payload('bytes', 9, step.id), () =>
        end.run.trace.add(`${end.name}.order`, `ended ${step.id}`)
      );
      break;
    case 'sockDestroySoon':
      s.destroySoon?.();
      break;
    case 'look':
      look(end, step.id);
      break;
    case 'onDrain':
      s.on('drain', () => (end.drained = true));
      break;
    case 'timeoutSoon':
      s.setTimeout(step.ms);
      s.once('timeout', () => {
        end.run.trace.add(`${end.name}.socket`, 'timeout');
        s.setTimeout(0);
      });
      break;
    case 'sockDestroy':
      s.destroy();
      break;
    case 'sockDestroyErr':
      s.destroy(new Error('destroyed on purpose'));
      break;
    case 'sockReset':
      s.resetAndDestroy?.();
      break;
    case 'onClose':
      s.on('close', (e) =>
        end.run.trace.add(`${end.name}.socket`, `late close listener ${e}`)
      );
      break;
    case 'readable':
      s.on('readable', (end.readableListener = () => {}));
      break;
    case 'unreadable':
      if (end.readableListener) {
        s.removeListener('readable', end.readableListener);
      }
      break;
    case 'drain':
      s.on('drain', () => {});
      break;
    case 'rawPipe':
      s.pipe((end.piped = new PassThrough().resume()));
      break;
    case 'unrawPipe':
      if (end.piped) s.unpipe(end.piped);
      break;
    case 'deaf':
      s.removeAllListeners('data');
      break;
    case 'listeners':
      ws.listeners('message');
      ws.eventNames();
      break;
    default:
      throw new Error(`no such touch: ${step.what}`);
  }
}

/** What the socket and the WebSocket say of what they have to write. */
function look(end, id) {
  const { ws } = end;
  const s = ws._socket;
  const some = (n) => (n > 0 ? 'some' : n);
  const parts = [
    `#${id} buffered ${some(ws.bufferedAmount)}`,
    `writableLength ${some(s.writableLength)}`,
    `bufferSize ${some(s.bufferSize)}`,
    `needDrain ${s.writableNeedDrain}`,
    `written ${s.bytesWritten}`,
    `writable ${s.writable} ended ${s.writableEnded} destroyed ${s.destroyed}`
  ];
  end.run.trace.add(`${end.name}.look`, parts.join(', '));
}
