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

// node:test has no way back to the function that it replaced. Not by the name of the global
// one: a wrapper of modules may have a variable of that name.
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

/** The function for which @sinonjs/fake-timers (Jest, Vitest) put another one. */
function original(method, name) {
  const real = method.clock ? method.clock[`_${name}`] : undefined;

  return typeof real === 'function' ? real : method;
}

/** Whether a function is one of `mock.timers` of node:test. */
function isMocked(method) {
  return method.name.startsWith('bound ');
}

/**
 * Calls back in the next tick, and no later than in the next one of the program's, which
 * a fake clock may drive. It is for what a program hears of something that it has done
 * itself: that it gave up connecting, closed a server, or sent behind the end. With ws
 * a test that runs the ticks of its clock has heard it then.
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
 * Calls back in the macrotask of `setImmediate()` that comes after some others.
 *
 * @param {Number} turns Of the event loop that pass before that of the next one
 * @param {Function} callback Called with `argument`
 * @param {*} [argument]
 */
function afterTurns(turns, callback, argument) {
  if (turns > 0) nextTurn(afterTurns, turns - 1, callback, argument);
  else nextTurn(callback, argument);
}

/**
 * Calls back once, some time later, and keeps no process alive for it.
 *
 * @param {Function} callback What to call
 * @param {Number} delay In how many milliseconds
 * @return {Function} Has it called no more
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
