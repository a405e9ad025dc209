// A program that makes its connections with ws-rs, beside libraries that were declared with @types/ws.
import http = require('node:http');
import Ours = require('ws-rs');
import Theirs = require('ws');

declare function serve(server: Theirs.Server): void;
declare function greet(connection: Theirs): void;
declare function answer(event: Theirs.MessageEvent | Theirs.CloseEvent): void;
declare function connectWith(implementation: typeof Theirs): void;
declare function listenWith(implementation: typeof Theirs.Server): void;

class Connection extends Ours {
  user = 'anonymous';
}

class Request extends http.IncomingMessage {
  session = 1;
}

const wss = new Ours.WebSocketServer({ port: 8080 });
const own = new Ours.Server<typeof Connection, typeof Request>({
  noServer: true,
  perMessageDeflate: { clientMaxWindowBits: true, serverMaxWindowBits: false },
  verifyClient: ({ req }: { req: Request }) => req.session === 1,
  WebSocket: Connection
});
const ws = new Ours('ws://localhost');

serve(wss);
wss.on('connection', (connection) => greet(connection));
own.on('connection', (connection) => {
  connection.user.trim();
  greet(connection);
});
greet(ws);
greet(new Connection('ws://localhost'));
ws.onmessage = answer;
ws.addEventListener('close', answer);
connectWith(Ours);
listenWith(Ours.Server);
listenWith(Ours.WebSocketServer);

ws.binaryType = 'blob';

// And back: what a library has made, to functions of the program.
declare const theirs: Theirs;
declare const theirServer: Theirs.Server;
const connection: Ours = theirs;
const server: Ours.Server = theirServer;

// @ts-expect-error: a class that is none of connections
new Ours.Server({ noServer: true, WebSocket: Request });

void [connection, server];
