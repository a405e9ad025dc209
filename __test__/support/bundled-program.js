'use strict';

/** What a program does that is bundled: it says what came back, and how. `WebSocket` and `WebSocketServer` are there. */
module.exports = `
const options = { host: '127.0.0.1', perMessageDeflate: true, port: 0 };
const server = new WebSocketServer(options, () => {
  const client = new WebSocket('ws://127.0.0.1:' + server.address().port);

  client.on('open', () => client.send('x'.repeat(5000)));
  client.on('message', (data, isBinary) => {
    console.log(data.length, isBinary, client.extensions, client.transport);
    client.close();
    server.close();
  });
});

server.on('connection', (ws) => {
  ws.on('message', (data, binary) => ws.send(data, { binary }));
});
`;
