'use strict';

const { once } = require('node:events');

/** Those that a WebSocket package may be thought to do without. */
const UNUSED = [
  'async_hooks',
  'diagnostics_channel',
  'fs',
  'os',
  'path',
  'timers',
  'util',
  'v8',
  'vm',
  'worker_threads'
];
/** Those that it makes connections with. */
const USED = ['crypto', 'http', 'https', 'net', 'tls', 'url', 'zlib'];
/** Before, there is no way round a mock. */
const isPossible = typeof process.getBuiltinModule === 'function';

// The first test transforms all files.
jest.setTimeout(30_000);

beforeEach(() => jest.resetModules());
afterEach(() => {
  for (const name of [...UNUSED, ...USED]) jest.dontMock(name);
});

async function echo({ WebSocket, WebSocketServer }) {
  const wss = new WebSocketServer({ perMessageDeflate: true, port: 0 });

  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  await once(wss, 'listening');

  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

  await once(client, 'open');
  client.send('hello '.repeat(1000));

  const [data] = await once(client, 'message');

  client.close();
  await once(client, 'close');
  wss.close();
  expect(String(data)).toBe('hello '.repeat(1000));
}

if (isPossible) {
  test.each(UNUSED)('%s may be mocked', async (name) => {
    jest.doMock(name);
    await echo(require('../../..'));
  });

  test.each(UNUSED)('%s may be without what is used of it', async (name) => {
    jest.doMock(name, () => ({}));
    await echo(require('../../..'));
  });

  test.each(USED)('%s may be empty as long as it is not used', async (name) => {
    jest.doMock(name, () => ({}));

    const { WebSocketServer } = require('../../..');

    new WebSocketServer({ noServer: true }).close();
  });

  test('a mock of https leaves the connections of http', async () => {
    jest.doMock('https', () => ({ get: jest.fn(), request: jest.fn() }));
    await echo(require('../../..'));
  });
}

test('a mock of http is what a client is made with', () => {
  const request = { destroy() {}, end() {}, on() {}, once() {} };
  const get = jest.fn(() => request);

  jest.doMock('http', () => ({
    ...jest.requireActual('http'),
    get,
    request: get
  }));

  const { WebSocket } = require('../../..');

  new WebSocket('ws://example.com');
  expect(get).toHaveBeenCalled();
});

test.each([
  ['platform', process.platform === 'win32' ? 'linux' : 'win32'],
  ['arch', 's390x']
])('loads with another process.%s', async (name, value) => {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);

  Object.defineProperty(process, name, { ...descriptor, value });

  try {
    const { WebSocket, WebSocketServer } = require('../../..');
    const wss = new WebSocketServer({ port: 0 });

    wss.on('connection', (ws) => ws.send(value));
    await once(wss, 'listening');

    const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    const [data] = await once(ws, 'message');

    expect(String(data)).toBe(value);
    ws.close();
    await once(ws, 'close');
    wss.close();
  } finally {
    Object.defineProperty(process, name, descriptor);
  }
});
