'use strict';
const { asyncHooks } = require('../builtins');

const { AsyncResource } = asyncHooks;

/**
 * Whether what `enterWith()` stores stays in the context that a resource was
 * made in.
 */
const keepsStores = Number(process.versions.node.split('.')[0]) >= 24;

/** The async context in which connections of a server come. */
class Scope {
  /**
   * @param {Boolean} isShared Whether what one connection stores in it is there
   *     for the next
   */
  constructor(isShared) {
    this._isShared = isShared;
    this._resource = null;
    this._isClosed = false;
  }

  /** Makes the context of now the scope's, if it has none yet. */
  note() {
    this._resource ??= new AsyncResource('WSRSACCEPT', {
      requireManualDestroy: true
    });
  }

  run(body, ...args) {
    this.note();
    if (!this._isShared) forgetStores(this._resource);
    return this._resource.runInAsyncScope(body, undefined, ...args);
  }

  /** The server listens no more. What runs later still has its context. */
  close() {
    if (!this._isClosed) this._resource?.emitDestroy();
    this._isClosed = true;
  }
}

/**
 * Up to Node 22 a listener's `enterWith()` puts its store on the resource that
 * runs, which is the same for all connections; each is to begin without stores.
 * Later versions keep none there.
 */
function forgetStores(resource) {
  if (keepsStores) return;

  for (const name of Object.getOwnPropertySymbols(resource)) {
    if (name.description === 'kResourceStore') resource[name] = undefined;
  }
}

module.exports = Scope;
