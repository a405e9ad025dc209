'use strict';

// A process that is sent a socket, writes to it, and keeps it open.

process.on('message', (message, socket) => {
  // Kept from being collected, and from being read.
  process.taken = socket;
  socket.on('error', () => {});
  process.send('taken');
});
process.on('disconnect', () => process.exit());
