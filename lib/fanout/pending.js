'use strict';

/**
 * Things that are under way. Who waits, waits for those that are there at that
 * moment: there may always be others.
 */
class Pending {
  constructor() {
    /** Those that came between two who wait are one, the oldest first. */
    this._groups = [makeGroup()];
    /** Each, with its group. */
    this._items = new Map();
  }

  get size() {
    return this._items.size;
  }

  has(item) {
    return this._items.has(item);
  }

  [Symbol.iterator]() {
    return this._items.keys();
  }

  /** One that is there already stays as old as it is. */
  add(item) {
    if (this._items.has(item)) return;

    const group = this._groups.at(-1);

    group.left++;
    this._items.set(item, group);
  }

  delete(item) {
    const group = this._items.get(item);

    if (group === undefined) return;

    this._items.delete(item);
    group.left--;
    while (this._groups.length > 1 && this._groups[0].left === 0) {
      callAll(this._groups.shift().waiting);
    }
  }

  clear() {
    const groups = this._groups;

    this._groups = [makeGroup()];
    this._items.clear();
    for (const { waiting } of groups) callAll(waiting);
  }

  /** @return {Promise} Resolved when all that are there now are gone */
  gone() {
    if (this._items.size === 0) return Promise.resolve();

    // Those to come are of a group of their own.
    if (this._groups.at(-1).left > 0) this._groups.push(makeGroup());
    return new Promise((resolve) => {
      this._groups.at(-2).waiting.push(resolve);
    });
  }
}

function makeGroup() {
  return { left: 0, waiting: [] };
}

function callAll(waiting) {
  for (const resolve of waiting) resolve();
}

module.exports = Pending;
