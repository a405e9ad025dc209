'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { Topics } = require('../../index');

const PAGE = path.join(__dirname, '../../docs/scaling.md');

describe('The adapter of docs/scaling.md', () => {
  it('connects Topics', async () => {
    const LocalAdapter = adapterOfPage();
    const [here, there] = [0, 1].map(
      () => new Topics({ adapter: new LocalAdapter() })
    );
    const heard = [];

    here.listen('room', (data) => heard.push(`here ${data}`));

    const stop = there.listen('room', (data) => heard.push(`there ${data}`));

    await Promise.all([here.ready(), there.ready()]);
    here.publish('room', 'a');
    there.publish('room', 'b');
    stop();
    here.publish('room', 'c');
    here.publish('other', 'd');
    await here.close();
    there.publish('room', 'e');
    assert.deepStrictEqual(heard, [
      'there a',
      'here a',
      'here b',
      'there b',
      'here c'
    ]);
  });
});

function adapterOfPage() {
  const [, code] = fs
    .readFileSync(PAGE, 'utf8')
    .match(/```js\n([^`]*class LocalAdapter[^`]*)```/);

  return new Function(`${code}\nreturn LocalAdapter;`)();
}
