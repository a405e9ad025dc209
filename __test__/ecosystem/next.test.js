'use strict';

/** The configuration of docs/bundling.md for Next.js, on an app of one route that is a client. */

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { stripVTControlCharacters } = require('node:util');

const { serve } = require('../support/servers');
const { ROOT } = require('../support/programs');
const { makeProject } = require('../support/project');
const { absent, TOOLS } = require('../support/tools');

const NEXT = path.join(TOOLS, 'next/dist/bin/next');
const ENV = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
const ROUTE = `
import { WebSocket } from 'ws-rs';

export const dynamic = 'force-dynamic';

export function GET(request) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(new URL(request.url).searchParams.get('echo'));

    ws.on('error', reject);
    ws.on('open', () => ws.send('hello'));
    ws.on('message', (data) => {
      ws.close();
      resolve(new Response(data + ' by ' + ws.transport));
    });
  });
}
`;

describe('Next.js', { skip: absent('next', 'react', 'react-dom') }, () => {
  let app;

  before(() => {
    const project = makeProject();

    // It follows no link out of the folder that it takes for the root.
    app = fs.mkdtempSync(path.join(TOOLS, '..', 'next-'));
    fs.cpSync(project, app, { recursive: true });
    fs.rmSync(project, { recursive: true });
    fs.mkdirSync(path.join(app, 'app'));
    fs.writeFileSync(path.join(app, 'app', 'route.js'), ROUTE);
  });
  after(() => fs.rmSync(app, { force: true, recursive: true }));

  it('is told when it builds what to write where ws-rs is bundled', () => {
    configure('export default {};');

    const { output, status } = build();

    assert.notStrictEqual(status, 0);
    assert.match(output, /WS_RS_NO_BINARY/);
    assert.match(output, /serverExternalPackages: \['ws-rs'\]/);
  });

  it('runs ws-rs with what the docs say', async (t) => {
    const docs = fs.readFileSync(path.join(ROOT, 'docs/bundling.md'), 'utf8');
    const [, text] = docs.split('`next.config.mjs`:\n\n```js\n');

    configure(text.split('```')[0]);

    const { output, status } = build();

    assert.strictEqual(status, 0, output);

    const wss = serve(t);

    wss.on('connection', (ws) => {
      ws.on('message', (data, binary) => ws.send(data, { binary }));
    });
    await once(wss, 'listening');

    const page = new URL(await start(t));

    page.searchParams.set('echo', `ws://127.0.0.1:${wss.address().port}`);
    assert.match(
      await (await fetch(page)).text(),
      /^hello by (loop|stream|threads)$/
    );
  });

  function configure(text) {
    fs.writeFileSync(
      path.join(app, 'next.config.mjs'),
      // The packages are in a folder above that of the app.
      `${text.replace('export default', 'const config =')}
export default { ...config, turbopack: { root: ${JSON.stringify(path.dirname(app))} } };`
    );
  }

  function build() {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [NEXT, 'build'],
      { cwd: app, encoding: 'utf8', env: ENV }
    );

    return { output: stripVTControlCharacters(stdout + stderr), status };
  }

  /** Starts the server; gives its address. */
  function start(t) {
    const server = spawn(
      process.execPath,
      [NEXT, 'start', '--port', '0', '--hostname', '127.0.0.1'],
      { cwd: app, env: ENV }
    );
    let output = '';

    t.after(() => server.kill('SIGKILL'));
    return new Promise((resolve, reject) => {
      server.on('exit', () => reject(new Error(output)));
      server.stdout.setEncoding('utf8').on('data', (text) => {
        output += stripVTControlCharacters(text);

        const [url] = /http:\/\/\S+:\d+/.exec(output) ?? [];

        if (url && output.includes('Ready')) resolve(url);
      });
    });
  }
});
