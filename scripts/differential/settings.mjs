// The command line of index.mjs.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

const OPTIONS = {
  case: { type: 'string' },
  dump: { type: 'boolean', default: false },
  except: { type: 'string', default: '' },
  file: { type: 'string' },
  flags: { type: 'string', default: '' },
  impl: { type: 'string', default: ROOT },
  isolate: { type: 'boolean', default: false },
  lanes: { type: 'string', default: '1' },
  minutes: { type: 'string', default: 'Infinity' },
  'no-shrink': { type: 'boolean', default: false },
  'no-throw': { type: 'boolean', default: false },
  node: { type: 'string', default: process.execPath },
  // 'receive', 'apart', 'at-once', 'inside' or 'odd'
  only: { type: 'string' },
  order: { type: 'boolean', default: false },
  out: { type: 'string' },
  runs: { type: 'string', default: '100' },
  seed: { type: 'string', default: '1' },
  'shrink-each': { type: 'string', default: '3' },
  'shrink-seconds': { type: 'string', default: '60' },
  topology: { type: 'string' },
  transport: { type: 'string', default: 'default' },
  verbose: { type: 'boolean', default: false },
  ws: { type: 'string' }
};

/**
 * @param {String[]} [args] Arguments of the command line
 * @return {Object} What they ask for, as index.mjs and worker.mjs want it
 * @throws {TypeError} If an argument is not known
 */
export function settingsOf(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  const number = (name) => Number(values[name]);

  return {
    ...values,
    impl: path.resolve(values.impl),
    wsDir: values.ws ? path.resolve(values.ws) : folderOfWs(),
    tlsDir: makeCertificate(),
    except: values.except.split(',').filter(Boolean),
    nodeFlags: values.flags.split(' ').filter(Boolean),
    lanes: number('lanes'),
    budget: number('minutes') * 60000,
    firstSeed: number('seed'),
    runs: number('runs'),
    shrinkEach: values['no-shrink'] ? 0 : number('shrink-each'),
    shrinkMs: number('shrink-seconds') * 1000,
    limits: {
      forcedLoop: values.transport === 'loop',
      noThrow: values['no-throw'],
      // Node listens at a pipe's name there, and at no file.
      noUnix: process.platform === 'win32',
      only: values.only,
      topology: values.topology
    }
  };
}

/** The `ws` that is installed beside this package. */
function folderOfWs() {
  return path.dirname(require.resolve('ws/package.json', { paths: [ROOT] }));
}

/** Puts a key and a certificate into a folder that is gone at exit. */
function makeCertificate() {
  const { selfSigned } = require(path.join(ROOT, 'examples/self-signed.js'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-differential-'));
  const { cert, key } = selfSigned();

  fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
  fs.writeFileSync(path.join(folder, 'key.pem'), key);
  process.on('exit', () => fs.rmSync(folder, { force: true, recursive: true }));
  return folder;
}
