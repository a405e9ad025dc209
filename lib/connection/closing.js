'use strict';

/**
 * Node's own `nextTick`, `setImmediate` and intervals, as they are when this
 * module is loaded. Test runners put functions that never fire in the place of
 * the global ones, or take them away; messages have to move all the same.
 *
 * What a program may want to drive with a fake clock, the time that closing may
 * take, is deliberately not here: that timer is the global one, as in ws.
 */

const timers = require('timers');
const vm = require('vm');
const { AsyncResource } = require('async_hooks');
const { MessageChannel } = require('worker_threads');

/** Jest gives modules a copy, in a context that is not the first one. */
const processOfNode = vm.runInThisContext('globalThis.process') ?? process;
const nextTick = original(processOfNode.nextTick, 'nextTick');
const immediate = original(timers.setImmediate, 'setImmediate');

module.exports = {
  clearInterval: timers.clearInterval,
  nextTick,
  processOfNode,
  // node:test has no way back to the function that it replaced.
  setImmediate: isMocked(immediate) ? createImmediate() : immediate,
  setInterval: timers.setInterval
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
