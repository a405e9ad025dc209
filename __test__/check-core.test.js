'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const {
  checkCore,
  forbiddenCrates,
  forbiddenModules
} = require('../scripts/check-core');

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

  it('lets through a length of time, but no clock', () => {
    const source = [
      'use std::time::Duration;',
      'use std::{fmt, time::Duration};',
      'fn wait(long: std::time::Duration) {}',
      'use std::time::{Duration, Instant};',
      'use std::time::SystemTime;',
      'use std::{fmt, time::Instant};',
      'let now = std::time::Instant::now();'
    ].join('\n');

    assert.deepStrictEqual(
      forbiddenModules(source).map((line) => line.split(':')[0]),
      ['4', '5', '6', '7']
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

describe('checkCore', () => {
  it('names the file of what it finds in a crate, folders included', (t) => {
    const core = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-core-'));

    t.after(() => fs.rmSync(core, { recursive: true }));
    fs.mkdirSync(path.join(core, 'src/outbox'), { recursive: true });
    fs.writeFileSync(
      path.join(core, 'Cargo.toml'),
      '[dependencies]\nws-rs-wire = { path = "../wire" }\n'
    );
    fs.writeFileSync(path.join(core, 'src/lib.rs'), 'mod outbox;\n');
    fs.writeFileSync(path.join(core, 'src/outbox/fates.rs'), 'use std::fs;\n');

    assert.deepStrictEqual(checkCore(core), {
      files: 2,
      found: [
        'Cargo.toml: the crate ws-rs-wire',
        `${path.join('src', 'outbox', 'fates.rs')}:1: use std::fs;`
      ]
    });
  });
});
