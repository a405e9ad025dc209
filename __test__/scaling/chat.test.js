'use strict';

// examples/chat in several processes, talked to with npm ws; its page: npm run
// test:browser.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { connect } = require('../browser/peer');
const { CHATS, openBroker } = require('../support/chats');

async function start(t, kind, env) {
  const group = await openBroker(kind);

  t.after(() => group.end());
  return { ...group, chats: [await group.chat(env), await group.chat(env)] };
}

async function join({ address }, name) {
  const peer = await connect(address);

  say(peer, { type: 'join', name });

  const welcome = await next(peer, ({ type }) => type === 'welcome');

  return { peer, welcome };
}

function say(peer, message) {
  peer.ws.send(JSON.stringify(message));
}

/** The next message of which something is true; those before it are dropped. */
async function next(peer, isIt) {
  for (;;) {
    const message = await peer.nextJson();

    if (isIt(message)) return message;
  }
}

/** Waits until somebody sees exactly these people, by whatever messages. */
async function seesOnly({ peer, welcome }, ...names) {
  const people = new Map(welcome.people.map(({ id, name }) => [id, name]));

  while ([...people.values()].sort().join() !== names.sort().join()) {
    const { person, type } = await next(peer, ({ person }) => person);

    if (type === 'left') people.delete(person.id);
    else people.set(person.id, person.name);
  }
}

for (const kind of CHATS) {
  describe(`Two chats with ${kind.variable}`, { skip: kind.skip }, () => {
    it('are one, for who comes, speaks and goes', async (t) => {
      const { chats } = await start(t, kind);
      const ada = await join(chats[0], 'Ada');
      const grace = await join(chats[1], 'Grace');

      await Promise.all([
        seesOnly(ada, 'Ada', 'Grace'),
        seesOnly(grace, 'Ada', 'Grace')
      ]);
      say(ada.peer, { type: 'typing' });
      assert.deepStrictEqual(await grace.peer.nextJson(), {
        type: 'typing',
        person: ada.welcome.you
      });
      say(ada.peer, { type: 'say', text: 'Hello Grace' });

      const [here, there] = await Promise.all([
        ada.peer.nextJson(),
        grace.peer.nextJson()
      ]);

      assert.strictEqual(there.text, 'Hello Grace');
      assert.deepStrictEqual(there.from, ada.welcome.you);
      assert.deepStrictEqual(here, there);

      // Whoever comes is shown all, and gets a name that nobody has.
      const second = await join(chats[1], 'ada');

      assert.strictEqual(second.welcome.you.name, 'ada (2)');
      assert.deepStrictEqual(second.welcome.history, [here]);
      await grace.peer.close();
      assert.strictEqual(
        (await next(ada.peer, ({ type }) => type === 'left')).person.name,
        'Grace'
      );
      for (const chat of chats) assert.strictEqual(chat.stderr, '');
    });

    it('tell a third one what was said before', async (t) => {
      const { chat, chats } = await start(t, kind);
      const ada = await join(chats[0], 'Ada');

      say(ada.peer, { type: 'say', text: 'early' });
      await ada.peer.nextJson();

      const grace = await join(await chat(), 'Grace');
      let { history } = grace.welcome;

      // It may have begun to serve before it has heard of the others.
      if (history.length === 0) {
        ({ history } = await next(grace.peer, ({ history }) => history));
      }
      assert.deepStrictEqual(
        history.map(({ text }) => text),
        ['early']
      );
    });

    it('miss those of one that ends, and of one that is killed', async (t) => {
      const { chat, chats } = await start(t, kind, { PRESENCE: '200' });
      const third = await chat({ PRESENCE: '200' });
      const ada = await join(chats[0], 'Ada');

      await join(chats[1], 'Grace');
      await join(third, 'Joan');
      await seesOnly(ada, 'Ada', 'Grace', 'Joan');
      assert.deepStrictEqual(await chats[1].stop('SIGTERM'), {
        code: 0,
        signal: null
      });
      await next(ada.peer, isLeft('Grace'));
      await third.stop('SIGKILL');
      await next(ada.peer, isLeft('Joan'));
    });

    it('go on while the broker is away, and find each other again', async (t) => {
      const { broker, chats } = await start(t, kind);
      const ada = await join(chats[0], 'Ada');
      const grace = await join(chats[1], 'Grace');

      await seesOnly(ada, 'Ada', 'Grace');
      await broker.kill();
      say(grace.peer, { type: 'say', text: 'alone' });
      await next(grace.peer, ({ text }) => text === 'alone');

      // Both get the same name, as neither hears of the other.
      const joan = await join(chats[0], 'Joan');
      const other = await join(chats[1], 'Joan');

      await broker.start();
      // What was said meanwhile is shown when they have found each other.
      await next(ada.peer, ({ history }) =>
        history?.some(({ text }) => text === 'alone')
      );
      await Promise.all(
        [joan, other, grace].map((one) =>
          seesOnly(one, 'Ada', 'Grace', 'Joan', 'Joan (2)')
        )
      );
      say(joan.peer, { type: 'say', text: 'together' });
      await next(grace.peer, ({ text }) => text === 'together');
      for (const chat of chats) {
        assert.match(chat.stderr, /^The broker is away: [^\n]+\n$/);
        assert.match(chat.stdout, /The broker is back/);
      }
    });

    it('say so if the URL is of no use', async (t) => {
      const group = await openBroker(kind);

      t.after(() => group.end());
      await assert.rejects(
        group.chat({ [kind.variable]: 'http://127.0.0.1:1' }),
        new RegExp(`ended without printing[^]*${kind.variable} must be like`)
      );
    });
  });
}

function isLeft(name) {
  return ({ person, type }) => type === 'left' && person.name === name;
}
