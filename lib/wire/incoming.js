'use strict';

const native = require('../native');
const { callWhenClosed } = require('./closing');
const { makeHandle } = require('./descriptor-handle');

/** A socket that came to a server, and whose descriptor a handle of Node's has or is to have. */
class Incoming {
  /**
   * @param {Object|Function} handle Node's handle for it, which nobody reads; or, as
   *     there is none, the class to make one of
   * @param {Number} id Its native half
   */
  constructor(handle, id) {
    this._handle = handle;
    /**
     * An id may be a number of any size, which V8 is told by `undefined`; see
     * slot.js.
     */
    this.id = undefined;
    this.id = id;
  }

  /** Node's handle, made if need be: then it is what closes the descriptor. */
  get handle() {
    if (!this._hasHandle) this._handle = makeHandle(this.id, this._handle);

    return this._handle;
  }

  /** Node's handle, if there is one. */
  get ownHandle() {
    return this._hasHandle ? this._handle : undefined;
  }

  get _hasHandle() {
    return typeof this._handle !== 'function';
  }

  /**
   * @param {String} method A method of Node's handles
   * @return {Boolean} Whether those of its kind have it
   */
  can(method) {
    const { _handle: handle } = this;

    return (this._hasHandle ? handle : handle.prototype)[method] !== undefined;
  }

  /**
   * @param {String} method `getpeername` or `getsockname`
   * @return {Object|null} The address; `null`: there is none any more
   */
  addressOf(method) {
    if (!this._hasHandle) {
      const name = native.descriptorName(this.id, method === 'getpeername');

      if (name !== undefined) {
        const [family, port, address] = name.split(' ');

        return { address, family, port: Number(port) };
      }
    }

    const address = {};

    return this.handle[method](address) === 0 ? address : null;
  }

  /**
   * Closes it, of which the native half has let go, and with it a descriptor that
   * no handle has.
   *
   * @param {Function} [callback] Called when Node calls for a handle
   */
  closeHandle(callback) {
    if (this._hasHandle) {
      this._handle.close(callback);
    } else if (callback !== undefined) {
      callWhenClosed(this.id, callback);
    }
  }
}

module.exports = Incoming;
