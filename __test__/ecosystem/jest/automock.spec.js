'use strict';

jest.mock('../../..');

const { WebSocket, WebSocketServer } = require('../../..');

test('jest.mock() puts mocks in place of the classes', () => {
  const ws = new WebSocket('ws://127.0.0.1:1');

  expect(jest.isMockFunction(WebSocket)).toBe(true);
  expect(jest.isMockFunction(WebSocketServer)).toBe(true);
  expect(ws.send('hello')).toBe(undefined);
  expect(ws.send).toHaveBeenCalledWith('hello');
});

test('jest.requireActual() gives the package itself', () => {
  const lib = jest.requireActual('../../..');

  expect(jest.isMockFunction(lib.WebSocket)).toBe(false);
});
