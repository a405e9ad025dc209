'use strict';

// Who has logged in on the page may open a WebSocket; who logs out loses it.
//
//   node examples/session-auth.js            http://127.0.0.1:8080
//   PORT=3000 node examples/session-auth.js  another port (0 picks a free one)
//
// The same check is made in two places, of which a program needs only one:
//
//   /upgrade  in the 'upgrade' event of the HTTP server, before ws-rs is involved;
//             what to prefer, the answer is all yours
//   /verify   in `verifyClient`, inside of `handleUpgrade()`

const crypto = require('node:crypto');
const http = require('node:http');
const express = require('express');
const { WebSocketServer } = require('..');

const COOKIE = 'session';
const SECRET = process.env.SECRET || crypto.randomBytes(32); // new at each start

// id -> { name, sockets }; a real program lets sessions expire.
const sessions = new Map();

// HTTP: log in, log out

const app = express();

app.disable('x-powered-by');
app.use(express.urlencoded({ extended: false, limit: '1kb' }));

app.get('/', (req, res) => {
  res.send(`<!doctype html><meta charset="utf-8"><title>Sessions</title>
    <form method="post" action="/login">
      <label>Name <input name="name" required maxlength="40"></label>
      <button>Log in</button>
    </form>
    <form method="post" action="/logout"><button>Log out</button></form>
    <pre id="log"></pre>
    <script>
      for (const path of ['/upgrade', '/verify']) {
        const ws = new WebSocket(location.origin.replace('http', 'ws') + path);
        ws.onmessage = ({ data }) => log.append(path + ': ' + data + '\\n');
        ws.onclose = ({ code }) => log.append(path + ': closed, ' + code + '\\n');
      }
    </script>`);
});

app.post('/login', (req, res) => {
  const id = crypto.randomUUID();
  const name = String(req.body?.name ?? '').slice(0, 40);

  sessions.set(id, { name, sockets: new Set() });
  // `SameSite`: other sites cannot open a WebSocket in this person's name.
  // Add `secure: true` where the page is served over https.
  res.cookie(COOKIE, `${id}.${sign(id)}`, {
    httpOnly: true,
    sameSite: 'strict'
  });
  res.redirect(303, '/');
});

app.post('/logout', (req, res) => {
  const session = readSession(req);

  if (session) {
    sessions.delete(session.id);
    for (const ws of session.sockets) ws.close(4001, 'Logged out');
  }

  res.clearCookie(COOKIE);
  res.redirect(303, '/');
});

// WebSockets: only with a session

const checkedOnUpgrade = new WebSocketServer({ noServer: true });
const checkedByServer = new WebSocketServer({
  noServer: true,
  verifyClient({ req }, done) {
    req.session = authenticate(req);
    done(req.session !== null, 401, 'Log in first\n');
  }
});

checkedOnUpgrade.on('connection', welcome);
checkedByServer.on('connection', welcome);

const server = http.createServer(app);

server.on('upgrade', (req, socket, head) => {
  socket.on('error', ignore);

  if (req.url === '/verify') {
    return accept(checkedByServer, req, socket, head);
  }

  if (req.url !== '/upgrade') return refuse(socket, '404 Not Found');

  req.session = authenticate(req);
  if (req.session === null) return refuse(socket, '401 Unauthorized');

  accept(checkedOnUpgrade, req, socket, head);
});

function accept(wss, req, socket, head) {
  socket.off('error', ignore); // from here on the WebSocket cares
  wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req));
}

function refuse(socket, status) {
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  );
}

function ignore() {}

function welcome(ws, { session }) {
  session.sockets.add(ws);
  ws.on('close', () => session.sockets.delete(ws));
  ws.on('error', console.error);
  ws.on('message', (data) => ws.send(`${session.name}, you said: ${data}`));
  ws.send(`Welcome, ${session.name}`);
}

// The check itself

function authenticate(req) {
  const { headers } = req;

  // Browsers always send an origin. One that is not ours is another site's page.
  if (headers.origin && originHost(headers.origin) !== headers.host) {
    return null;
  }

  return readSession(req);
}

function originHost(origin) {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function readSession({ headers }) {
  const cookies = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const cookie = cookies.find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';
  const [id, signature] = cookie.slice(COOKIE.length + 1).split('.');

  if (!signature || !isEqual(signature, sign(id)) || !sessions.has(id)) {
    return null;
  }

  return { id, ...sessions.get(id) };
}

function sign(id) {
  return crypto.createHmac('sha256', SECRET).update(id).digest('base64url');
}

// In constant time: how long it takes tells nothing about the right signature.
function isEqual(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];

  return left.length === right.length && crypto.timingSafeEqual(left, right);
}

server.listen(
  Number(process.env.PORT || 8080),
  process.env.HOST || '127.0.0.1',
  () => {
    const { address, port } = server.address();

    console.log(`Listening on http://${address}:${port}`);
  }
);
