'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { forbiddenCrates, forbiddenModules } = require('../scripts/check-core');

describe('forbiddenModules', () => {
  it('finds a module that is named in full, with its line', () => {
    const source = 'use std::fmt;\nuse std::net::TcpStream;\n';
    assert.deepStrictEqual(forbiddenModules(source), [
      '2: use std::net::TcpStream;'
    ]);
    assert.deepStrictEqual(forbiddenModules('let t = std::time::now();'), [
      '1: let t = std::time::now();'
    ]);
  });

  it('finds a module in a group, on one line or on several', () => {
    assert.strictEqual(forbiddenModules('use std::{fmt, io};').length, 1);
    assert.deepStrictEqual(
      forbiddenModules('use std::{\n    fmt,\n    thread::spawn,\n};\n'),
      ['3: thread::spawn,']
    );
  });

  it('lets through names that only look alike, and comments', () => {
    const source = [
      'use std::iter::zip;',
      'use std::{fmt, iter};',
      'struct Config { time: u64, io: u8 }',
      '// std::net is for others'
    ].join('\n');

    assert.deepStrictEqual(forbiddenModules(source), []);
  });
});

describe('forbiddenCrates', () => {
  it('finds a crate by its key, by its table and under another name', () => {
    const manifest = [
      '[dependencies]',
      'tokio = "1"',
      'disguise = { package = "mio", version = "1" }',
      'libc.workspace = true',
      '[dependencies.napi]',
      'version = "3"'
    ].join('\n');

    assert.deepStrictEqual(forbiddenCrates(manifest), [
      'tokio',
      'libc',
      'napi',
      'mio'
    ]);
  });

  it('lets through names that only contain one', () => {
    const manifest = '[dependencies]\nlibc-free = "1"\n# tokio = "1"\n';
    assert.deepStrictEqual(forbiddenCrates(manifest), []);
  });
});
