'use strict';

// A process that is sent sockets, and writes a text message "child" to each.

process.on('message', (message, socket) => {
  socket.on('error', () => {});
  socket.write(Buffer.from([0x81, 5, ...Buffer.from('child')]));
});
process.on('disconnect', () => process.exit());
