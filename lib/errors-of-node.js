'use strict';

/**
 * Errors as Node makes them, for those that a program gets from Node with ws. They are
 * of Node's own context, wherever this package was loaded: `instanceof Error` says the
 * same of them as of others of Node's.
 */

const { Buffer } = require('buffer');

/** One of Node's: a program may have put other classes in the place of Node's own. */
const example = makeNodeThrow();
const TypeErrorOfNode = example.constructor;
const ErrorOfNode = Object.getPrototypeOf(TypeErrorOfNode);

/** Of errors of a class with a code: the prototype, made with the first one. */
const prototypes = new Map();

/**
 * An error that Node has a code for, which is in its text and its stack, too.
 *
 * @param {Function} Class `ErrorOfNode` or `TypeErrorOfNode`
 * @param {String} code Node's code, `ERR_…`
 * @param {String} message What Node says
 * @return {Error} Of that class
 */
function errorWithCode(Class, code, message) {
  const error = new Class(message);

  if (!prototypes.has(Class)) prototypes.set(Class, createPrototype(Class));
  Object.setPrototypeOf(error, prototypes.get(Class));
  error.code = code;
  return error;
}

function createPrototype(Class) {
  const prototype = Object.create(Class.prototype);
  const members = { constructor: Class, toString: textOf };

  // By such a symbol Node knows of which errors the stack begins with the code.
  const symbols = Object.getOwnPropertySymbols(Object.getPrototypeOf(example));

  for (const symbol of symbols) members[symbol] = true;

  for (const key of Reflect.ownKeys(members)) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: false,
      value: members[key],
      writable: true
    });
  }

  return prototype;
}

function textOf() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

function makeNodeThrow() {
  try {
    Buffer.from('', 'none');
  } catch (err) {
    return err;
  }

  return new TypeError('Unknown encoding: none');
}

module.exports = { ErrorOfNode, TypeErrorOfNode, errorWithCode };
