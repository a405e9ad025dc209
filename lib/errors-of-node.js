'use strict';

/**
 * Errors as Node makes them, for those that a program gets from Node where it
 * uses ws. They are of the context that Node's own errors are of, wherever this
 * package was loaded, so that `instanceof Error` says the same of both.
 */

const { Buffer } = require('buffer');

/** An error of Node's own: a program may have replaced the global classes. */
const example = makeNodeThrow();
const TypeErrorOfNode = example.constructor;
const ErrorOfNode = Object.getPrototypeOf(TypeErrorOfNode);

/**
 * The prototypes of errors with a code, by class, each made with its first one.
 */
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

  // By such a symbol Node marks errors whose stack begins with their code.
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
