'use strict';

const { isUtf8 } = require('node:buffer');

function anyOf(world) {
  return world._onlyOne ?? world.random.pick(world.connections);
}

function isText(data) {
  return isUtf8(data.bytes);
}

function sendTo(world, one, data, isBinary, options) {
  const { random } = world;
  const isOpen = one.ws.readyState === 1;
  const { fin = true } = options;
  const before = one.ws.bufferedAmount;
  const wasWithin = one.fragments !== null;
  const outer = world.decisions;
  let callback;

  world.note(
    `send ${one.index} ${data.kind ?? 'text'} ${data.bytes.length} ${JSON.stringify(options)}`
  );

  if (random.chance(0.5)) {
    const entry = { isDropped: false };

    callback = (err) => {
      if (entry.isCalled) one.fault('a callback was called twice');
      entry.isCalled = true;

      const i = one.callbacks.indexOf(entry);

      one.callbacks.splice(i, 1);
      if (entry.isDropped !== (err?.code === 'WS_RS_DROPPED')) {
        one.fault(
          `a callback of ${entry.isDropped ? 'a dropped' : 'a'} message got ${err}`
        );
      }
      if (
        err &&
        !entry.isDropped &&
        one.ending === null &&
        isOpen &&
        !one.peer.isCut &&
        !one.isPeerClosing
      ) {
        one.fault(`a callback got ${err.stack}`);
      }
      if (
        !err &&
        i > 0 &&
        one.callbacks.slice(0, i).some((other) => !other.isDropped)
      ) {
        one.fault('callbacks out of order');
      }
      data.spoil();
      if (world.random.chance(0.2) && !world.isOver) world.act();
    };
    callback.entry = entry;
    one.callbacks.push(entry);
  }

  world.decisions = new Map();

  let thrown = null;

  try {
    one.ws.send(data.value, options, callback);
  } catch (err) {
    thrown = err;
  }

  const decision = world.decisions.get(one.ws);

  world.decisions = outer;

  if (thrown !== null) {
    if (callback) {
      one.callbacks.splice(one.callbacks.indexOf(callback.entry), 1);
    }
    if (decision !== 'throw' || thrown.message !== world.thrown?.message) {
      throw thrown;
    }
    return;
  }
  if (!isOpen) return;
  if (decision === 'drop' || decision === 'close') {
    if (callback) callback.entry.isDropped = true;
    if (wasWithin) one.fault('a fragment was dropped');
    return;
  }
  if (wasWithin || !fin) {
    one.mayExceed = true;
    one.fragment(data.bytes, isBinary, fin);
    return;
  }
  checkPressure(world, one, before, data.bytes.length, decision);
  one.give(data.bytes, isBinary, false, false);
}

function checkPressure(world, one, before, length, decision) {
  const { maxBackpressure: most } = world.config;

  if (most === undefined || decision !== undefined) return;
  if (before + length > most && before > 0) {
    one.fault(`${length} bytes behind ${before} were not refused`);
  } else if (before === 0 && length > most) {
    // If the message waits at the end of the tick, there is a 'drain'.
    one.mayDrain = true;
  }
}

function toMany(world, what, all, call, name) {
  const { random } = world;
  const data = random.data(world.nextId++);
  const options = {};
  let isBinary = !data.isText;

  if (random.chance(0.2) && isText(data)) {
    options.binary = isBinary = random.chance(0.5);
  }
  if (random.chance(0.3)) options.compress = random.chance(0.5);

  const entry = { bytes: data.bytes, commit: () => commit(), isBinary: false };
  let heard;
  const unhear = () => {
    const i = heard?.queue.indexOf(entry) ?? -1;

    if (i >= 0) heard.queue.splice(i, 1);
  };
  const hear = () => {
    unhear();
    heard = name === undefined ? undefined : world.heard?.get(name);
    heard?.queue.push(entry);
  };
  let out = new Set();
  const kind = random.weigh({
    none: 8,
    one: 2,
    list: 2,
    set: 1,
    function: 2,
    throws: 0.3,
    foreign: 0.3
  });
  const outer = world.decisions;
  const some = () => world.connections.filter(() => random.chance(0.3));
  const isOpenBefore = new Map(
    world.connections.map((one) => [one, one.ws.readyState === 1])
  );

  if (kind === 'one') {
    const one = anyOf(world);

    out.add(one);
    options.except = one.ws;
  } else if (kind === 'list' || kind === 'set') {
    out = new Set(some());

    const list = Array.from(out, ({ ws }) => ws);

    options.except =
      kind === 'set' ? new Set(list) : list.concat(undefined, null);
  } else if (kind === 'function' || kind === 'throws') {
    out = new Set(some());

    const stop = random.int(0, 3);
    let calls = 0;

    options.except = (ws) => {
      unhear();
      if (calls++ === stop) {
        if (kind === 'throws') throw new RangeError('thrown by except');
        // What it sends itself comes before. What it does to the memory is of no matter.
        if (data.kind) data.spoil();
        if (data.resizable && random.chance(0.5)) data.resizable.resize(0);
        world.act();
      }
      hear();
      return out.has(world.byWs.get(ws));
    };
  } else if (kind === 'foreign') options.except = [5];

  world.note(
    `${what} ${data.kind ?? 'text'} ${data.bytes.length} except ${kind} ${Array.from(out, ({ index }) => index)} ${options.compress} ${options.binary}`
  );

  const decisions = (world.decisions = new Map());
  let isCommitted = false;
  let low = 0;
  let high = 0;
  const commit = () => {
    if (isCommitted) return;
    isCommitted = true;
    for (const one of all) {
      if (out.has(one)) continue;

      const decision = decisions.get(one.ws);
      const isOpen = one.ws.readyState === 1;

      if (decision === 'drop' || decision === 'close' || decision === 'throw') {
        continue;
      }
      if (!isOpen && !isOpenBefore.get(one)) continue;
      // Closed within: it may have had it before.
      if (!isOpen) {
        high++;
        one.give(data.bytes, isBinary, true);
        continue;
      }
      low++;
      high++;
      one.give(data.bytes, isBinary);
      const { maxBackpressure: most } = world.config;

      if (
        most !== undefined &&
        decision === undefined &&
        data.bytes.length > most
      ) {
        one.mayDrain = true;
      }
    }
  };

  let count;
  let thrown = null;

  entry.isBinary = isBinary;
  hear();

  try {
    count = call(data.value, options);
  } catch (err) {
    thrown = err;
  }

  data.spoil();

  if (thrown !== null) {
    const isMeant =
      (kind === 'throws' && thrown instanceof RangeError) ||
      (kind === 'foreign' && thrown instanceof TypeError);

    if (isMeant) {
      unhear();
      world.decisions = outer;
      return;
    }
    if (
      !world.config.maxBackpressure ||
      thrown.message !== world.thrown?.message
    ) {
      world.decisions = outer;
      throw thrown;
    }
  }

  commit();
  world.decisions = outer;
  if (kind === 'foreign' && thrown === null) {
    world.fault('a foreign "except" was taken');
  }
  if (thrown === null && (count < low || count > high)) {
    world.fault(
      `${what} gave ${count}, expected ${low === high ? low : `${low} to ${high}`}`
    );
  }
}

module.exports = { anyOf, isText, sendTo, toMany };
