// Carries out calls of the low-level parts, and of methods without their object.
import { describe, errorText } from './describe.mjs';
import { Run } from './run.mjs';
import { real } from './values.mjs';

export async function runParts(scenario, env, trace) {
  const run = new Run(scenario, env, trace);
  const { WebSocket } = run;
  const { part } = scenario;
  let target = WebSocket[part];

  try {
    if (scenario.make) {
      const args = run.make(scenario.make);
      run.call(`new ${part}`, () => {
        target = undefined;
        target = new WebSocket[part](...args);
        run.names.set(target, part);
        return target;
      });
      if (part === 'Receiver' && target) listen(run, target);
    }
    for (const what of target || part === 'methods' ? scenario.calls : []) {
      await run.macrotask(() => one(run, target, what));
      await run.rest(4);
    }
    if (part === 'Sender' && target) {
      trace.add('state', `buffered ${target._bufferedBytes}`);
    }
  } finally {
    run.end();
  }
}

function listen(run, receiver) {
  for (const event of [
    ...['message', 'ping', 'pong', 'conclude', 'error', 'finish', 'drain'],
    'close'
  ]) {
    receiver.on(event, (...args) =>
      run.log(`${event} ${args.map((arg) => describe(arg, run)).join(' | ')}`)
    );
  }
}

function one(run, target, what) {
  const { WebSocket, scenario } = run;
  const args = run.make(what.args ?? []);

  if (scenario.part === 'methods') {
    const { prototype } = WebSocket[what.of ?? 'WebSocket'];
    const self = real(what.this, run);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, what.call);
    run.call(`${what.of}.${what.call}`, () =>
      descriptor?.get
        ? descriptor.get.call(self)
        : prototype[what.call]?.call(self, ...args)
    );
    return;
  }
  const label = what.call ?? what.get ?? what.set;
  const owner = what.call === 'frame' ? WebSocket.Sender : target;
  run.call(label, () => {
    if (what.get) return target[what.get];
    if (what.set) {
      target[what.set] = args[0];
      return target[what.set];
    }
    const result = owner[what.call](...args);
    if (what.call !== 'frame' || !Array.isArray(result)) return result;
    return frame(result);
  });
  // What has become of what was given.
  const after = args.map((arg) => {
    try {
      return describe(arg, run);
    } catch (err) {
      return errorText(err, run);
    }
  });
  // Of what is masked in place the bytes are chance.
  if (scenario.part !== 'Sender') run.trace.add('after', after.join(' | '));
}

/** A frame with a mask of its own, such that the mask does not matter. */
function frame(list) {
  const bytes = Buffer.concat(
    list.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part)))
  );
  if (bytes.length < 2 || !(bytes[1] & 128)) return list;
  const at = { 126: 4, 127: 10 }[bytes[1] & 127] ?? 2;
  const mask = bytes.subarray(at, at + 4);
  const payload = bytes.subarray(at + 4);
  for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
  return [list.length, bytes.subarray(0, at), payload];
}
