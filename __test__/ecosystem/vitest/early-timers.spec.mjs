import { expect, test, vi } from 'vitest';

import { converse, ECHOED } from './conversation.cjs';

test('messages move if timers were fake before the package was loaded', async () => {
  vi.useFakeTimers();

  const lib = await import('ws-rs');

  expect(await converse(lib, { perMessageDeflate: true })).toEqual(ECHOED);
  vi.useRealTimers();
});
