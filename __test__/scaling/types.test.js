'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { FOLDER, KINDS } = require('../support/brokers');
const { ROOT } = require('../support/programs');

const PROGRAM = `
import { connect } from '@nats-io/transport-node';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { NatsAdapter, RedisAdapter, Topics } from 'ws-rs';

new Topics({ adapter: new RedisAdapter(createClient()) });
new Topics({ adapter: new RedisAdapter(new Redis(), { sharded: true }) });
new RedisAdapter(createCluster({ rootNodes: [] }), { sharded: true });
new RedisAdapter(new Cluster([]), { sharded: true });
new Topics({ adapter: new NatsAdapter(await connect()) });
// @ts-expect-error a promise is no connection
new NatsAdapter(connect());
// @ts-expect-error nor is a client of Redis
new NatsAdapter(createClient());
`;

describe(
  'The declarations of the clients',
  {
    skip: KINDS.find(({ skip }) => skip)?.skip ?? false
  },
  () => {
    it('fit those of the adapters', (t) => {
      const folder = fs.mkdtempSync(path.join(FOLDER, 'types-'));
      const file = path.join(folder, 'program.mts');
      const config = path.join(folder, 'tsconfig.json');

      t.after(() => fs.rmSync(folder, { recursive: true }));
      fs.writeFileSync(file, PROGRAM);
      fs.writeFileSync(
        config,
        JSON.stringify({
          compilerOptions: {
            module: 'nodenext',
            noEmit: true,
            paths: { 'ws-rs': [path.join(ROOT, 'wrapper.d.mts')] },
            skipLibCheck: true,
            strict: true,
            target: 'es2022',
            typeRoots: [path.join(ROOT, 'node_modules/@types')],
            types: ['node']
          },
          files: [file]
        })
      );

      const { stdout } = spawnSync(
        process.execPath,
        [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', config],
        { encoding: 'utf8' }
      );

      assert.strictEqual(stdout, '');
    });
  }
);
