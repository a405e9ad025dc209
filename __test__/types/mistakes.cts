// What the compiler has to refuse. (A listener with other parameters is not
// among it: it falls to the form for unknown events.)
import WebSocket = require('ws-rs');

declare const ws: WebSocket;
declare const wss: WebSocket.Server;

// @ts-expect-error no address
new WebSocket();
// @ts-expect-error the address is not a string or URL
new WebSocket(80);
// @ts-expect-error a misspelt option
new WebSocket('ws://localhost:1', { maxPaylod: 1 });
// @ts-expect-error a number where a boolean belongs
new WebSocket('ws://localhost:1', { followRedirects: 1 });
// @ts-expect-error nothing to send
ws.send();
// @ts-expect-error a misspelt option of send()
ws.send('', { compres: true });
// @ts-expect-error the code is a number
ws.close('1000');
// @ts-expect-error an unknown kind of data
ws.binaryType = 'buffer';
// @ts-expect-error a property without a setter
ws.readyState = WebSocket.OPEN;
// @ts-expect-error an event that EventTarget listeners do not get
ws.addEventListener('ping', () => {});
// @ts-expect-error the listener of an event object
ws.onclose = (code: number) => code;
// @ts-expect-error text comes as a Buffer
ws.on('message', (data) => data.charCodeAt(0));
// @ts-expect-error the second argument is a Buffer, not a string
ws.on('close', (code, reason) => reason.startsWith('x'));
// @ts-expect-error an option of the client
new WebSocket.Server({ handshakeTimeout: 1 });
// @ts-expect-error the port is a number
new WebSocket.Server({ port: '80' });
// @ts-expect-error the name of a subprotocol, or false
new WebSocket.Server({ noServer: true, handleProtocols: () => true });
// @ts-expect-error not a class of connections
new WebSocket.Server({ noServer: true, WebSocket: Map });
// @ts-expect-error three arguments are missing
wss.handleUpgrade(null!);
// @ts-expect-error a connection has no such member
wss.on('connection', (client) => client.broadcast());
