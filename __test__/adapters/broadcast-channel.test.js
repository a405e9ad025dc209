'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { BroadcastChannel, Worker } = require('node:worker_threads');

const { runProgram } = require('../support/programs');
const { openAudience } = require('../support/audience');
const { BroadcastChannelAdapter, Topics } = require('../../index');

const PACKAGE = require.resolve('../../index');

/** A thread that answers what it hears as `question`, and ends when told to. */
const ANSWERER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { BroadcastChannelAdapter, Topics } = require(workerData.package);
  const { name } = workerData;
  const topics = new Topics({ adapter: new BroadcastChannelAdapter({ name }) });

  topics.listen('question', (data, isBinary) => {
    topics.publish('answer', data, { binary: isBinary });
  });
  topics.ready().then(() => parentPort.postMessage('ready'));
  // Nothing else keeps it.
  parentPort.on('message', () => parentPort.close());
`;

describe('BroadcastChannelAdapter', () => {
  it('connects the topics of threads', async (t) => {
    const name = 'connects the topics of threads';
    const adapter = new BroadcastChannelAdapter({ name });
    const topics = new Topics({ adapter });
    const { take, ws } = await openAudience(t, { count: 1 });
    const worker = new Worker(ANSWERER, {
      eval: true,
      workerData: { name, package: PACKAGE }
    });

    await once(worker, 'message');
    topics.subscribe(ws[0], 'answer');
    for (let i = 0; i < 1000; i++) topics.publish('question', `${i}`);
    topics.publish('question', Buffer.from([0, 255]));
    topics.publish('unheard', 'a');
    assert.deepStrictEqual(await take[0](1001), [
      ...Array.from({ length: 1000 }, (_, i) => `${i}`),
      Buffer.from([0, 255])
    ]);

    const exited = once(worker, 'exit');

    worker.postMessage('end');
    assert.deepStrictEqual(await exited, [0]);
    await topics.close();
  });

  it('does not keep a process from ending, closed or not', async () => {
    const { code, stderr, stdout } = await runProgram(async () => {
      const { BroadcastChannelAdapter, Topics } = WebSocket;
      const one = new Topics({ adapter: new BroadcastChannelAdapter() });
      const two = new Topics({ adapter: new BroadcastChannelAdapter() });

      one.listen('room', () => {});
      await one.ready();
      await two.close();
      console.log('done');
    });

    assert.deepStrictEqual([code, stderr, stdout], [0, '', 'done\n']);
  });

  it('says so when something strange comes', async () => {
    const name = 'says so when something strange comes';
    const channel = new BroadcastChannel(name);
    const adapter = new BroadcastChannelAdapter({ name });
    const topics = new Topics({ adapter });

    topics.listen('room', () => {});
    for (const strange of ['hello', null, [1, 2], ['room', 'text'], {}]) {
      channel.postMessage(strange);

      const [err] = await once(topics, 'error').catch((err) => [err]);

      assert.strictEqual(err.code, 'WS_RS_FOREIGN_MESSAGE');
    }
    channel.postMessage(['nobody', 'text']);
    channel.close();
    await topics.close();
  });

  it('refuses a name that is no string', () => {
    assert.throws(() => new BroadcastChannelAdapter({ name: 1 }), TypeError);
  });

  it('is of no use once it is closed', async () => {
    const adapter = new BroadcastChannelAdapter();

    adapter.close();
    adapter.close();
    assert.throws(() => adapter.publish('room', new Uint8Array(1)));
  });
});
