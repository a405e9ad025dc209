'use strict';

/**
 * @typedef {Object} Workload
 * @property {string} name What `--only` takes
 * @property {string} group A name for it and its likes
 * @property {string} title
 * @property {'echo' | 'paced' | 'accept' | 'idle' | 'growth' | 'cycles' | 'fanout'} kind
 * @property {number} connections
 * @property {number} [size] Payload bytes of a message (echo, paced)
 * @property {number} [inFlight] Messages under way per connection (echo)
 * @property {number} [rate] Messages a second of all connections (paced)
 * @property {boolean} [text] Text instead of binary messages (echo)
 * @property {boolean} [tls]
 * @property {'takeover' | 'no-takeover'} [deflate] permessage-deflate (echo,
 *   cycles)
 * @property {number} [level] Of the compression, where the server has levels
 * @property {number} [messages] Each way on each connection (cycles)
 * @property {number} [cycles] How often all connections are opened (cycles)
 * @property {number[]} [steps] Connections at which memory is looked at (growth)
 * @property {number} [rest] ms for which nothing happens before memory is looked at (idle,
 *   cycles)
 * @property {number} [perTick] How often each message is sent to all (fanout)
 * @property {boolean} [extra] Runs only when named
 */

/** V8 gives room for new objects back once few were made for five seconds. */
const AT_REST = 6500;

/** @type {Workload[]} */
const workloads = [
  echo('100x125', '100 connections, 125 B', 100, 125),
  echo('64x32x16', '64 connections, 32 B, 16 in flight', 64, 32, 16),
  echo('500x1k', '500 connections, 1 KiB', 500, 1024),
  echo('10x64k', '10 connections, 64 KiB', 10, 64 * 1024),
  echo('4x1m', '4 connections, 1 MiB', 4, 1024 * 1024),
  echo('1x32', '1 connection, 32 B', 1, 32),
  {
    ...echo('100x125-text', '100 connections, 125 B of text', 100, 125),
    text: true
  },
  tls(echo('100x125', '100 connections, 125 B', 100, 125)),
  tls(echo('10x64k', '10 connections, 64 KiB', 10, 64 * 1024)),
  {
    name: 'accept',
    group: 'connections',
    title: 'a connection opened and closed',
    kind: 'accept',
    connections: 10_000
  },
  {
    ...tls({
      name: 'accept',
      title: 'a connection opened and closed',
      kind: 'accept',
      connections: 10_000
    }),
    group: 'tls-connections',
    extra: true
  },
  {
    ...tls({
      name: 'idle',
      title: 'an idle connection',
      kind: 'idle',
      // A fifth is opened before the others are measured: with fewer V8 is still compiling.
      connections: 12_000
    }),
    group: 'tls-connections',
    extra: true
  },
  {
    name: 'idle',
    group: 'connections',
    title: 'an idle connection',
    kind: 'idle',
    connections: 5000
  },
  {
    name: 'idle-20000',
    group: 'connections-many',
    title: 'an idle connection of 20,000',
    kind: 'idle',
    connections: 20_000,
    extra: true
  },
  {
    name: 'idle-rest',
    group: 'connections-many',
    title: 'an idle connection of 20,000, at rest',
    kind: 'idle',
    connections: 20_000,
    rest: AT_REST,
    extra: true
  },
  {
    name: 'used-rest',
    group: 'connections-many',
    title: 'a connection of 8,000, at rest',
    kind: 'cycles',
    connections: 8000,
    size: 125,
    messages: 3,
    cycles: 2,
    rest: AT_REST,
    extra: true
  },
  growth('memory', [1000, 2500, 5000, 10_000, 15_000, 19_500]),
  growth('memory-100000', [5000, 20_000, 40_000, 60_000, 80_000, 100_000]),
  ...['takeover', 'no-takeover'].flatMap((mode) => [
    deflate(mode, '100x64', '100 connections, 64 B', 100, 64),
    deflate(mode, '1x1k', '1 connection, 1 KiB', 1, 1024),
    deflate(mode, '100x1k', '100 connections, 1 KiB', 100, 1024),
    deflate(mode, '1000x1k', '1000 connections, 1 KiB', 1000, 1024),
    deflate(mode, '100x16k', '100 connections, 16 KiB', 100, 16 * 1024),
    deflate(mode, '10x64k', '10 connections, 64 KiB', 10, 64 * 1024),
    deflate(mode, '10x256k', '10 connections, 256 KiB', 10, 256 * 1024),
    {
      name: `deflate-${mode}-memory`,
      group: 'deflate-memory',
      title: `deflate ${mode}, 1000 connections`,
      kind: 'cycles',
      connections: 1000,
      size: 1024,
      messages: 100,
      cycles: 10,
      text: true,
      deflate: mode,
      extra: true
    }
  ]),
  {
    ...deflate('no-takeover', 'level1', 'level 1, 100 connections, 1 KiB'),
    connections: 100,
    size: 1024,
    level: 1
  },
  paced(100, 125, 5000),
  paced(100, 125, 20_000),
  paced(100, 125, 60_000),
  fanOut('500x125', '125 B to 500 clients', 500, 125),
  fanOut('5000x125', '125 B to 5,000 clients', 5000, 125),
  fanOut('500x125-10', '125 B to 500 clients, 10 a tick', 500, 125, 10),
  fanOut('500x16k', '16 KiB to 500 clients', 500, 16 * 1024),
  {
    ...fanOut('deflate-500x1k', 'deflate, 1 KiB to 500 clients', 500, 1024),
    text: true,
    deflate: 'takeover'
  }
];

/**
 * @param {string[]} [names] Names of workloads or groups
 * @return {Workload[]} Those named, or all that are not extra
 * @throws {Error} If a name names nothing
 */
function selectWorkloads(names) {
  if (!names) return workloads.filter(({ extra }) => !extra);

  const isNamed = ({ name, group }, wanted) =>
    wanted === name || wanted === group;
  const unknown = names.find((n) => !workloads.some((w) => isNamed(w, n)));

  if (unknown !== undefined) {
    throw new Error(`no such workload: ${unknown}; --help lists them`);
  }
  return workloads.filter((w) => names.some((n) => isNamed(w, n)));
}

function echo(name, title, connections, size, inFlight = 1) {
  return {
    name,
    group: 'plain',
    title,
    kind: 'echo',
    connections,
    size,
    inFlight
  };
}

/** So many messages a second, whether those before were answered or not. */
function paced(connections, size, rate) {
  const each = rate.toLocaleString('en-US');

  return {
    name: `paced-${connections}x${size}-${rate}`,
    group: 'paced',
    title: `${connections} connections, ${size} B, ${each} a second`,
    kind: 'paced',
    connections,
    size,
    rate,
    extra: true
  };
}

function tls(workload) {
  return {
    ...workload,
    name: `tls-${workload.name}`,
    group: 'tls',
    title: `TLS, ${workload.title}`,
    tls: true
  };
}

/** More and more connections of one server, which does nothing with them. */
function growth(name, steps) {
  return {
    name,
    group: name,
    title: 'an idle connection',
    kind: 'growth',
    connections: steps.at(-1),
    steps,
    extra: true
  };
}

/** Each message of one connection is sent to all. */
function fanOut(name, title, connections, size, perTick = 1) {
  return {
    name: `fanout-${name}`,
    group: 'fanout',
    title,
    kind: 'fanout',
    connections,
    size,
    perTick,
    extra: true
  };
}

/** Messages of JSON-like text. */
function deflate(mode, name, title, connections, size) {
  return {
    ...echo(
      `deflate-${mode}-${name}`,
      `deflate ${mode}, ${title}`,
      connections,
      size
    ),
    group: 'deflate',
    text: true,
    deflate: mode,
    extra: true
  };
}

module.exports = { selectWorkloads, workloads };
