'use strict';

// Starts the program that is named, says its port, and stops it on SIGTERM: then
// the process is to end by itself.

const { once } = require('node:events');

const programs = { ...require('./apps.js'), ...require('./servers.js') };

async function main() {
  const { close, server } = await programs[process.argv[2]]();

  if (!server.listening) await once(server, 'listening');
  process.once('SIGTERM', async () => {
    await close();
    console.log('closed');
  });
  console.log(server.address().port);
}

main();
