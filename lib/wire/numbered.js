'use strict';

/**
 * Things by numbers of their own, for many that come and go. A `Map` would be
 * rebuilt all the time, and each of its old tables keep what was in it, with
 * all that it refers to, until V8 collects all of the heap.
 */
class Numbered {
  constructor() {
    this._things = [];
    this._free = [];
  }

  /** How many there are. */
  get size() {
    return this._things.length - this._free.length;
  }

  /** All that are there, in no order; they may come and go meanwhile. */
  *[Symbol.iterator]() {
    for (let i = 0; i < this._things.length; i++) {
      if (this._things[i] !== undefined) yield this._things[i];
    }
  }

  /**
   * @param {*} thing What is to be found again
   * @return {Number} Its number, until it is taken
   */
  add(thing) {
    const number = this._free.pop() ?? this._things.length;

    this._things[number] = thing;
    return number;
  }

  /**
   * @param {Number} number What `add()` gave, once
   * @return {*} The thing; `undefined`: there is none
   */
  take(number) {
    const thing = this._things[number];

    if (thing !== undefined) {
      this._things[number] = undefined;
      this._free.push(number);
    }

    return thing;
  }
}

module.exports = Numbered;
