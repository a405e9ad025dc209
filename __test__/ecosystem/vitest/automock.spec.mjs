import { expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws-rs';

vi.mock('ws-rs');

test('vi.mock() puts mocks in place of the classes', () => {
  const ws = new WebSocket('ws://127.0.0.1:1');

  expect(vi.isMockFunction(WebSocket)).toBe(true);
  expect(vi.isMockFunction(WebSocketServer)).toBe(true);
  expect(ws.send('hello')).toBe(undefined);
  expect(ws.send).toHaveBeenCalledWith('hello');
  expect(WebSocket.OPEN).toBe(1);
});

test('vi.importActual() gives the package itself', async () => {
  const lib = await vi.importActual('ws-rs');

  expect(vi.isMockFunction(lib.WebSocket)).toBe(false);
});
