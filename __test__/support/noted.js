'use strict';

const { turns } = require('./loop');
const { openPair } = require('./pairs');

/**
 * Opens a pair; what the client gets is in `received`, and callbacks that are made
 * by `note()` put their names in `outcomes`.
 */
async function open(t, openSockets = openPair) {
  const { client, peer } = await openSockets(t);
  const received = [];
  const outcomes = [];

  client.on('message', (data) => {
    received.push(data.length > 100 ? data.length : String(data));
  });
  await turns();
  return {
    client,
    note: (name) => (err) => outcomes.push(err ? [name, err.code] : name),
    outcomes,
    peer,
    received
  };
}

module.exports = { open };
