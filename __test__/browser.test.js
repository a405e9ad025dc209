'use strict';

const assert = require('node:assert');
const { it } = require('node:test');

const browser = require('../browser');

it('The browser entry throws an error that says what to use', () => {
  const error = {
    name: 'Error',
    message:
      'ws does not work in the browser. Browser clients must use the native ' +
      'WebSocket object'
  };

  assert.throws(() => browser('ws://localhost'), error);
  assert.throws(() => new browser('ws://localhost'), error);
});
