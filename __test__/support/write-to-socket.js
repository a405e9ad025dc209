'use strict';

// A process that is sent sockets, and writes a text message "child" to each. Told to mask it, for
// a server, or not, for a client, it ends the connection, too.

const MASK = [0, 0, 0, 0];

process.on('message', (message, socket) => {
  const head = message.isMasked ? [0x81, 0x85, ...MASK] : [0x81, 5];

  socket.on('error', () => {});
  socket.write(Buffer.from([...head, ...Buffer.from('child')]));
  if (message.isMasked !== undefined) socket.end();
});
process.on('disconnect', () => process.exit());
