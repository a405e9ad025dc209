'use strict';

// The chat's server, talked to with npm ws; its page: npm run test:browser.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { connect } = require('./browser/peer.js');
const { run } = require('./browser/program.js');
const { request } = require('./browser/request.js');

const SERVER = 'examples/chat/server.js';

async function start(t, env) {
  const chat = run(SERVER, { env });

  t.after(() => chat.stop('SIGKILL'));
  return { chat, url: await chat.url() };
}

async function join(url, name) {
  const peer = await connect(url);

  say(peer, { type: 'join', name });

  const welcome = await peer.nextJson();

  assert.strictEqual(welcome.type, 'welcome', JSON.stringify(welcome));
  return { peer, welcome };
}

function say(peer, message) {
  peer.ws.send(JSON.stringify(message));
}

describe('examples/chat/server.js', () => {
  it('serves the page with a policy that forbids inline scripts', async (t) => {
    const { url } = await start(t);
    const { body, headers, status } = await request(url);

    assert.strictEqual(status, 200);
    assert.match(body, /<title>ws-rs chat<\/title>/);
    assert.match(headers['content-security-policy'], /default-src 'self'/);
  });

  it('negotiates permessage-deflate', async (t) => {
    const { url } = await start(t);
    const peer = await connect(url);

    assert.strictEqual(peer.ws.extensions, 'permessage-deflate');
    await peer.close();
  });

  it('tells who is there, who comes, who speaks and who goes', async (t) => {
    const { url } = await start(t);
    const ada = await join(url, '  Ada ');

    assert.deepStrictEqual(ada.welcome.people, [ada.welcome.you]);
    assert.strictEqual(ada.welcome.you.name, 'Ada');

    const grace = await join(url, 'Grace');
    const person = grace.welcome.you;

    assert.deepStrictEqual(grace.welcome.people, [ada.welcome.you, person]);
    assert.deepStrictEqual(await ada.peer.nextJson(), {
      type: 'joined',
      person
    });

    say(grace.peer, { type: 'typing' });
    assert.deepStrictEqual(await ada.peer.nextJson(), {
      type: 'typing',
      person
    });

    say(grace.peer, { type: 'say', text: ' <b>hi</b>\r\nthere ' });

    const message = await ada.peer.nextJson();

    assert.deepStrictEqual(message, {
      type: 'message',
      id: message.id,
      from: person,
      text: '<b>hi</b>\nthere',
      at: message.at
    });
    assert.ok(Math.abs(Date.now() - message.at) < 60000);
    assert.deepStrictEqual(await grace.peer.nextJson(), message);

    await grace.peer.close();
    assert.deepStrictEqual(await ada.peer.nextJson(), { type: 'left', person });
  });

  it('never gives two people the same name', async (t) => {
    const { url } = await start(t);

    await join(url, 'Ada');
    assert.strictEqual((await join(url, 'ada')).welcome.you.name, 'ada (2)');
    assert.strictEqual(
      (await join(url, 'A\u200dda')).welcome.you.name,
      'A\u200dda (3)'
    );
  });

  it('shows a newcomer the last 50 messages', async (t) => {
    const { url } = await start(t);
    let count = 0;

    // Eight at once are allowed to each.
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      const { peer } = await join(url, name);

      for (let n = 0; n < 8; n++) {
        say(peer, { type: 'say', text: `message ${++count}` });
        assert.strictEqual((await peer.nextJson()).text, `message ${count}`);
      }

      await peer.close();
    }

    const { history } = (await join(url, 'late')).welcome;

    assert.strictEqual(history.length, 50);
    assert.strictEqual(history[0].text, 'message 7');
    assert.strictEqual(history[49].text, 'message 56');
  });

  const wrong = [
    ['bytes that are not JSON', '{"type":', 'bad-json'],
    ['JSON that is not an object', 'null', 'bad-json'],
    ['a binary message', Buffer.from('{"type":"typing"}'), 'not-text'],
    ['an unknown type', '{"type":"shout"}', 'bad-type'],
    ['a type that every object has', '{"type":"constructor"}', 'bad-type'],
    ['no type', '{}', 'bad-type'],
    ['a second join', '{"type":"join","name":"Eve"}', 'joined-already'],
    ['a text that is a number', '{"type":"say","text":1}', 'bad-text'],
    ['a text of spaces', '{"type":"say","text":" \\n "}', 'bad-text'],
    [
      'a text of 1001 characters',
      JSON.stringify({ type: 'say', text: 'x'.repeat(1001) }),
      'bad-text'
    ]
  ];

  for (const [what, data, code] of wrong) {
    it(`answers ${what} with the error ${code} and goes on`, async (t) => {
      const { url } = await start(t);
      const { peer } = await join(url, 'Ada');

      peer.ws.send(data);

      const reply = await peer.nextJson();

      assert.strictEqual(reply.type, 'error');
      assert.strictEqual(reply.code, code);
      assert.ok(reply.message.length > 10);
      say(peer, { type: 'say', text: 'still here' });
      assert.strictEqual((await peer.nextJson()).text, 'still here');
    });
  }

  it('answers a bad name with an error and lets one choose another', async (t) => {
    const { url } = await start(t);
    const peer = await connect(url);

    for (const name of ['', '\u202e', '\u200d', 'x'.repeat(25), null]) {
      say(peer, { type: 'join', name });
      assert.strictEqual((await peer.nextJson()).code, 'bad-name');
    }

    say(peer, { type: 'say', text: 'hello?' });
    assert.strictEqual((await peer.nextJson()).code, 'not-joined');
    say(peer, { type: 'join', name: 'x'.repeat(24) });
    assert.strictEqual((await peer.nextJson()).type, 'welcome');
  });

  it('asks whoever says too much at once to wait', async (t) => {
    const { url } = await start(t);
    const { peer } = await join(url, 'Ada');

    // More than 8, as a slow machine may need the time that earns a 9th.
    for (let n = 0; n < 20; n++) say(peer, { type: 'say', text: 'spam' });
    for (let n = 0; n < 8; n++) {
      assert.strictEqual((await peer.nextJson()).type, 'message');
    }

    let reply;

    do reply = await peer.nextJson();
    while (reply.type === 'message');
    assert.strictEqual(reply.code, 'too-fast');
  });

  it('closes with 1009 what is far too long, and the others stay', async (t) => {
    const { url } = await start(t);
    const ada = await join(url, 'Ada');
    const eve = await join(url, 'Eve');

    say(eve.peer, { type: 'say', text: 'x'.repeat(20000) });
    assert.strictEqual((await eve.peer.closed).code, 1009);
    assert.strictEqual((await ada.peer.nextJson()).type, 'joined');
    assert.strictEqual((await ada.peer.nextJson()).type, 'left');
  });

  it('drops a client that does not answer a ping', async (t) => {
    const { url } = await start(t, { HEARTBEAT: '1000' });
    const ada = await join(url, 'Ada');
    const dead = await connect(url, { autoPong: false });

    say(dead, { type: 'join', name: 'Dead' });
    assert.strictEqual((await ada.peer.nextJson()).type, 'joined');

    const left = await ada.peer.nextJson();

    assert.strictEqual(left.type, 'left');
    assert.strictEqual(left.person.name, 'Dead');
    assert.strictEqual((await dead.closed).code, 1006);
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    const title = `closes all connections with 1001 on ${signal} and ends`;

    // Windows has no signals that a program could catch from another.
    const skip =
      process.platform === 'win32' && 'a signal ends a process there';

    it(title, { skip }, async (t) => {
      const { chat, url } = await start(t);
      const { peer } = await join(url, 'Ada');

      assert.deepStrictEqual(await chat.stop(signal), {
        code: 0,
        signal: null
      });
      assert.deepStrictEqual(await peer.closed, {
        code: 1001,
        reason: 'The server is shutting down'
      });
      assert.strictEqual(chat.stderr, '');
    });
  }

  it('says which port is taken and what to do', async (t) => {
    const other = net.createServer().listen(0, '127.0.0.1');

    t.after(() => other.close());
    await once(other, 'listening');

    const { port } = other.address();
    const chat = run(SERVER, { env: { PORT: String(port) } });

    assert.strictEqual((await chat.ended).code, 1);
    assert.match(chat.stderr, new RegExp(`^Port ${port} is taken.* PORT=8081`));
  });

  it('says what a port must be', async () => {
    const chat = run(SERVER, { env: { PORT: '80a' } });

    assert.strictEqual((await chat.ended).code, 1);
    assert.strictEqual(
      chat.stderr,
      'PORT must be a number from 0 to 65535, not "80a".\n'
    );
  });

  for (const [variable, name] of [
    ['REDIS_URL', 'redis'],
    ['NATS_URL', '@nats-io/transport-node']
  ]) {
    it(`says what to install for ${variable}`, async () => {
      const chat = run(SERVER, { env: { NODE_PATH: '', [variable]: 'a:1' } });

      assert.strictEqual((await chat.ended).code, 1);
      assert.strictEqual(
        chat.stderr,
        `${variable} needs the package ${name}: npm install --no-save ${name}\n`
      );
    });
  }

  it('says that it cannot use two brokers', async () => {
    const env = { NATS_URL: 'nats://a', REDIS_URL: 'redis://a' };
    const chat = run(SERVER, { env });

    assert.strictEqual((await chat.ended).code, 1);
    assert.strictEqual(chat.stderr, 'Set REDIS_URL or NATS_URL, not both.\n');
  });
});
