'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const Light = require('../../lib/wire/light');

const NAMES = [
  'isEnded',
  'isEndedByPeer',
  'isDestroyed',
  'isClosed',
  'isLeft',
  'isPaused'
];

test('what has happened to a light socket is kept apart from the rest', () => {
  for (const name of NAMES) {
    const light = new Light(null, null);
    const others = NAMES.filter((other) => other !== name);

    light.openedIn = 0xffffff;
    light[name] = true;
    assert.equal(light[name], true);
    assert.deepEqual(
      others.filter((other) => light[other]),
      []
    );

    for (const other of others) light[other] = true;
    light[name] = false;
    assert.equal(light[name], false);
    assert.deepEqual(
      others.filter((other) => !light[other]),
      []
    );
    assert.equal(light.openedIn, 0xffffff);
    light.openedIn = 1;
    assert.equal(light.openedIn, 1);
    assert.equal(light[name], false);
  }
});

test('a light socket has nobody to read it before it is owned', () => {
  const light = new Light(null, null);

  assert.equal(light.isOpen, false);
  assert.equal(light.connect(), null);

  light.owner = { output: null };
  assert.equal(light.connect(), light.owner);
});
