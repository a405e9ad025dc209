'use strict';

// The chat in two processes on two ports, with a tab on each.

const assert = require('node:assert');

const { CHATS, openBroker } = require('../../__test__/support/chats.js');
const {
  ignoreRefusals,
  join,
  lastText,
  logText,
  people,
  statusText,
  typing
} = require('./page.js');

/** One for each broker: how to `open()` it, its `steps`, and why to `skip` it. */
const groups = CHATS.map((kind) => ({
  async open() {
    const group = await openBroker(kind);

    try {
      return { ...group, chats: [await group.chat(), await group.chat()] };
    } catch (err) {
      await group.end();
      throw err;
    }
  },
  skip: kind.skip,
  steps: Object.fromEntries(
    Object.entries(steps()).map(([title, step]) => [
      `two processes with ${kind.variable}: ${title}`,
      step
    ])
  ),
  title: `two processes with ${kind.variable}`
}));

// Each step goes on where the one before it stopped.
function steps() {
  return {
    async 'Ada joins at one, Grace at the other, and both see both'(t) {
      [t.ada, t.grace] = await Promise.all(
        t.chats.map(({ address }) => t.browser.newPage(address))
      );
      await join(t.ada, 'Ada');
      await join(t.grace, 'Grace');
      await t.ada.waitFor(`${people} === 'Ada,Grace'`);
      await t.grace.waitFor(`${people} === 'Ada,Grace'`);
      await t.ada.waitFor(`${logText}.includes('Grace joined')`);
    },

    async 'what Ada types reaches Grace, who sees her writing first'(t) {
      await t.ada.type('Hello over there ');
      await t.grace.waitFor(`${typing} === 'Ada is writing…'`);
      await t.ada.type('Ünïcödé 👩‍🚀');
      await t.ada.pressEnter();
      await t.grace.waitFor(`${lastText()} === 'Hello over there Ünïcödé 👩‍🚀'`);
      await t.grace.type('And back');
      await t.grace.pressEnter();
      await t.ada.waitFor(`${lastText()} === 'And back'`);
      await countMessages(t, 2);
    },

    async 'a newcomer sees what was said, and gets a name of his own'(t) {
      const page = await t.browser.newPage(t.chats[1].address);

      await join(page, 'Ada');
      await page.waitFor(`${statusText} === 'Connected as Ada (2)'`);
      assert.strictEqual(
        await page.evaluate(`document.querySelectorAll('.message').length`),
        2
      );
      await page.close();
      await t.ada.waitFor(`${logText}.includes('Ada (2) left')`);
    },

    async 'with the broker away each process goes on alone'(t) {
      await t.broker.kill();
      await t.grace.type('Is anybody there?');
      await t.grace.pressEnter();
      await t.grace.waitFor(`${lastText()} === 'Is anybody there?'`);
    },

    async 'when it is back both see what was said, and each other'(t) {
      await t.broker.start();
      await t.ada.waitFor(`${lastText()} === 'Is anybody there?'`);
      await t.ada.type('Here I am');
      await t.ada.pressEnter();
      await t.grace.waitFor(`${lastText()} === 'Here I am'`);
      await t.ada.waitFor(`${people} === 'Ada,Grace'`);
      await t.grace.waitFor(`${people} === 'Ada,Grace'`);
      await countMessages(t, 4);
    },

    async 'Ada sees Grace leave when her process ends'(t) {
      assert.deepStrictEqual(await t.chats[1].stop(), {
        code: 0,
        signal: null
      });
      await t.ada.waitFor(`${people} === 'Ada'`);
      await t.ada.waitFor(`${logText}.includes('Grace left')`);
    },

    async 'nothing went wrong in the pages'(t) {
      for (const page of [t.ada, t.grace]) {
        assert.deepStrictEqual(ignoreRefusals(page.problems), []);
        await page.close();
      }
    }
  };
}

/** Both have so many messages, each of them once. */
async function countMessages({ ada, grace }, count) {
  for (const page of [ada, grace]) {
    await page.waitFor(
      `document.querySelectorAll('.message').length === ${count}`
    );
  }
}

module.exports = { groups };
