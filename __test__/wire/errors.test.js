'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const os = require('node:os');
const { describe, it } = require('node:test');

const {
  destroyedError,
  failedWriteError,
  systemError
} = require('../../lib/wire/errors');

const { ECONNREFUSED, EPIPE } = os.constants.errno;

const fields = ({ code, errno, message, name, syscall }) => ({
  code,
  errno,
  message,
  name,
  syscall
});

/** What a write gets that is under way when its socket is destroyed. */
async function errorOfNode(t) {
  const server = net.createServer().listen(0, '127.0.0.1');

  t.after(() => server.close());
  await once(server, 'listening');

  const socket = net.connect(server.address().port, '127.0.0.1');
  const [other] = await once(server, 'connection');

  t.after(() => other.destroy());
  if (socket.connecting) await once(socket, 'connect');

  const written = new Promise((resolve) => {
    socket.write(Buffer.alloc(32 << 20), resolve);
  });

  socket.destroy();
  return written;
}

describe('The error of a frame', () => {
  const skip =
    process.platform === 'win32' && 'there is no native wire on Windows';

  it('is that of the system call, as Node makes it', { skip }, async () => {
    const error = failedWriteError(EPIPE);

    assert.deepStrictEqual(fields(error), {
      code: 'EPIPE',
      errno: -EPIPE,
      message: 'write EPIPE',
      name: 'Error',
      syscall: 'write'
    });
    assert.deepStrictEqual(Object.keys(error), ['errno', 'code', 'syscall']);

    const refused = systemError(ECONNREFUSED, 'read');

    assert.strictEqual(refused.message, 'read ECONNREFUSED');
    assert.strictEqual(refused.syscall, 'read');
  });

  it('is that which Node gives a write whose socket is destroyed', async (t) => {
    const expected = await errorOfNode(t);
    const major = Number.parseInt(process.versions.node, 10);

    // Node 20 says that it was written; there it is the error of a later write.
    if (major >= 22) {
      assert.deepStrictEqual(fields(destroyedError()), fields(expected));
    } else {
      assert.strictEqual(destroyedError().code, 'ERR_STREAM_DESTROYED');
    }
  });
});
