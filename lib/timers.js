'use strict';

/**
 * Node's own `nextTick`, `setImmediate`, timeouts and intervals, as they are when
 * this module is loaded. Test runners put functions that never fire in the place of
 * the global ones, or take them away; messages have to move all the same.
 *
 * What a program may want to drive with a fake clock, the time that closing may
 * take, is deliberately not here: that timer is the global one, as in ws.
 */

const { asyncHooks, net, timers, vm, workerThreads } = require('./builtins');

const { MessageChannel } = workerThreads;
const { AsyncResource } = asyncHooks;

/** Jest gives modules a copy, in a context that is not the first one. */
const processOfNode = vm.runInThisContext('globalThis.process') ?? process;
const nextTick = original(processOfNode.nextTick, 'nextTick');
const immediate = original(timers.setImmediate, 'setImmediate');
const timeout = original(timers.setTimeout, 'setTimeout');
const clear = original(timers.clearTimeout, 'clearTimeout');

// node:test does not say which function it has replaced. The variable is not
// named as the global one is: a wrapper of modules may have one of that name.
const nextTurn = isMocked(immediate) ? createImmediate() : immediate;

module.exports = {
  afterTurns,
  alarm: isMocked(timeout) ? alarmOfSocket : alarm,
  clearInterval: timers.clearInterval,
  nextTick,
  processOfNode,
  setImmediate: nextTurn,
  setInterval: timers.setInterval,
  tickOfProgram
};

/**
 * The function in whose place @sinonjs/fake-timers (Jest, Vitest) put another
 * one.
 */
function original(method, name) {
  const real = method.clock ? method.clock[`_${name}`] : undefined;

  return typeof real === 'function' ? real : method;
}

/** Whether a function is one of `mock.timers` of node:test. */
function isMocked(method) {
  return method.name.startsWith('bound ');
}

/**
 * Calls back in the next tick, or in the program's next tick if that is
 * earlier, as a fake clock may drive that one. It is for what a program hears
 * of its own doing: that it gave up connecting, closed a server, or sent behind
 * the end. With ws a test has heard of that once it has run the ticks of its
 * clock.
 *
 * @param {Function} callback Called once, with `args`
 * @param {...*} args
 */
function tickOfProgram(callback, ...args) {
  // eslint-disable-next-line no-restricted-properties -- the program's
  const { nextTick: ofProgram } = process;

  // It throws for what is no function, as with ws.
  if (ofProgram === nextTick || typeof callback !== 'function') {
    nextTick(callback, ...args);
    return;
  }

  let isDue = true;

  const callOnce = () => {
    if (!isDue) return;

    isDue = false;
    callback(...args);
  };

  ofProgram.call(process, callOnce);
  nextTick(callOnce);
}

/**
 * Calls back from `setImmediate()`, some turns of the event loop later.
 *
 * @param {Number} turns How many turns later than by `setImmediate()` itself
 * @param {Function} callback Called with `argument`
 * @param {*} [argument]
 */
function afterTurns(turns, callback, argument) {
  if (turns > 0) nextTurn(afterTurns, turns - 1, callback, argument);
  else nextTurn(callback, argument);
}

/**
 * Calls back once, some time later. It does not keep the process alive.
 *
 * @param {Function} callback What to call
 * @param {Number} delay In how many milliseconds
 * @return {Function} Cancels it
 */
function alarm(callback, delay) {
  const timer = timeout(callback, delay);

  timer.unref();
  return () => clear(timer);
}

/** As `alarm()`, made of something that nobody mocks. */
function alarmOfSocket(callback, delay) {
  const socket = new net.Socket();

  socket.setTimeout(Math.max(1, delay), () => {
    socket.destroy();
    callback();
  });
  return () => socket.destroy();
}

/** A `setImmediate()` made of something that nobody mocks. */
function createImmediate() {
  const { port1, port2 } = new MessageChannel();
  const due = [];

  port1.on('message', () => {
    const run = due.shift();

    if (due.length === 0) port1.unref();
    run();
  });
  port1.unref();

  return (callback, ...args) => {
    due.push(AsyncResource.bind(() => callback(...args)));
    port1.ref();
    port2.postMessage(null);
  };
}
