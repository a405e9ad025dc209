'use strict';

const EventEmitter = require('events');

const { vm } = require('../builtins');
const { processOfNode } = require('../timers');
const { WeakRef } = require('../weak');

const { on } = EventEmitter.prototype;

/** On `process`: what is to be called, by whichever copy of this package. */
const kListeners = Symbol.for('ws-rs.atExit');

/**
 * Made in Node's own context: a closure of this file would keep this copy
 * alive.
 */
const CREATE_RUNNER = `(function (listeners) {
  return () => {
    for (const ref of listeners) ref.deref()?.();
  };
})`;

/**
 * Has a function called when the process, or the worker, exits. There may be
 * many copies of this package in it, also of several versions, and there is one
 * listener for all of them: Node warns of more than ten. Copies that nobody
 * uses any more are not kept by it.
 *
 * @param {Function} listener Whoever may need it has to keep it
 */
function atExit(listener) {
  const listeners = (processOfNode[kListeners] ??= listen());

  for (const ref of listeners) {
    if (ref.deref() === undefined) listeners.delete(ref);
  }

  listeners.add(new WeakRef(listener));
}

function listen() {
  const listeners = new Set();

  // A test runner may have replaced the method.
  on.call(processOfNode, 'exit', vm.runInThisContext(CREATE_RUNNER)(listeners));
  return listeners;
}

module.exports = atExit;
