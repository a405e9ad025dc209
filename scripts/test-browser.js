'use strict';

// npm run test:browser: the chat of examples/, used by two tabs of a real Chromium;
// then in two processes with a broker, where there is one (npm run test:scaling).
//
//   CHROMIUM=/path/to/chromium     another browser than the usual paths have
//   SCREENSHOT_DIR=folder          also write PNG files of the page there
//
// Ends with the line 'N passed, N failed'; the exit code is 0 only if none failed.

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { WebSocketServer } = require('../index.js');
const { groups } = require('./browser/brokers.js');
const {
  ignoreRefusals,
  join,
  lastText,
  logText,
  people,
  statusText
} = require('./browser/page.js');
const { Browser } = require('../__test__/browser/cdp.js');
const { run } = require('../__test__/browser/program.js');
const { EXPECTED, sendMixture } = require('../__test__/support/mixture.js');

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
];

// Each step goes on where the one before it stopped.
const steps = {
  async 'Ada joins and is alone in the presence list'(t) {
    t.ada = await t.browser.newPage(t.url);
    await join(t.ada, 'Ada');
    await t.ada.waitFor(`${people} === 'Ada'`);
    await t.ada.waitFor(`${statusText} === 'Connected as Ada'`);
  },

  async 'permessage-deflate is negotiated with the browser'(t) {
    assert.strictEqual(t.ada.handshakes.length, 1);

    const { headers, status } = t.ada.handshakes[0];
    const [, value] = Object.entries(headers).find(
      ([name]) => name.toLowerCase() === 'sec-websocket-extensions'
    ) ?? ['', 'no Sec-WebSocket-Extensions header'];

    assert.strictEqual(status, 101);
    assert.match(value, /^permessage-deflate\b/);
  },

  async 'Grace joins in a second tab and both see both'(t) {
    t.grace = await t.browser.newPage(t.url, { dark: true });
    await join(t.grace, 'Grace');
    await t.grace.waitFor(`${people} === 'Ada,Grace'`);
    await t.ada.waitFor(`${people} === 'Ada,Grace'`);
    await t.ada.waitFor(`${logText}.includes('Grace joined')`);
  },

  async 'what Ada types reaches Grace, who sees her writing first'(t) {
    await t.ada.type('Hello Grace, ');
    await t.grace.waitFor(
      `document.querySelector('#typing').textContent === 'Ada is writing…'`
    );
    await t.ada.type('can you read this? Ünïcödé 👩‍🚀');
    await t.ada.pressEnter();
    await t.grace.waitFor(
      `${lastText()} === 'Hello Grace, can you read this? Ünïcödé 👩‍🚀'`
    );
    await t.grace.waitFor(
      `document.querySelector('#typing').textContent === ''`
    );
  },

  async 'what Grace sends with the button reaches Ada'(t) {
    await t.grace.type('Every letter. And you,\nme?');
    await t.grace.click('#send');
    await t.ada.waitFor(`${lastText()} === 'Every letter. And you,\\nme?'`);
    await t.grace.waitFor(`document.querySelectorAll('.own').length === 1`);
  },

  async 'a message of the greatest length arrives whole'(t) {
    const text = '0123456789'.repeat(100);

    await t.ada.type(text);
    await t.ada.pressEnter();
    await t.grace.waitFor(`${lastText()} === '${text}'`);
  },

  async 'markup in a message stays text and runs nothing'(t) {
    const text = `<img src=x onerror="window.hit = 1"><script>hit = 1</script>`;

    await t.grace.type(text);
    await t.grace.pressEnter();
    await t.ada.waitFor(`${lastText()} === ${JSON.stringify(text)}`);
    assert.deepStrictEqual(
      await t.ada.evaluate(
        `[document.querySelectorAll('#log img, #log script').length, window.hit]
          .join()`
      ),
      '0,'
    );
  },

  async 'a wrong message is answered with an error and changes nothing'(t) {
    const reply = await t.ada.evaluate(`new Promise((resolve, reject) => {
      const ws = new WebSocket(location.href.replace('http', 'ws'));
      ws.onopen = () => ws.send('{"type":"say"');
      ws.onmessage = (event) => { resolve(event.data); ws.close(); };
      ws.onerror = reject;
    })`);

    assert.strictEqual(JSON.parse(reply).code, 'bad-json');
    assert.strictEqual(await t.ada.evaluate(people), 'Ada,Grace');
  },

  async 'messages for many are understood between those of one connection'(t) {
    const server = http.createServer((req, res) => res.end('nothing'));
    const wss = new WebSocketServer({
      perMessageDeflate: { threshold: 0 },
      server
    });

    wss.on('connection', (ws) => sendMixture(wss, ws));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const url = `http://127.0.0.1:${server.address().port}`;
    const page = await t.browser.newPage(url);

    await page.waitFor(`document.body.innerText === 'nothing'`);
    assert.strictEqual(
      await page.evaluate(`new Promise((resolve, reject) => {
        const ws = new WebSocket(location.href.replace('http', 'ws'));
        const expected = ${EXPECTED};
        let count = 0;
        ws.onmessage = ({ data }) => {
          if (data !== expected[count++]) reject(new Error(data));
          if (count === expected.length) resolve(ws.extensions);
        };
        ws.onclose = () => reject(new Error('closed after ' + count));
      })`),
      'permessage-deflate'
    );
    await page.close();
    server.close();
  },

  async 'on a phone the page fits and still shows the latest message'(t) {
    await shoot(t.ada, 'light');
    await shoot(t.grace, 'dark');
    await t.grace.resize(360, 640);
    assert.strictEqual(
      await t.grace.evaluate('document.documentElement.scrollWidth'),
      360,
      'the page is wider than a phone'
    );
    await t.grace.waitFor(`(() => {
      const { clientHeight, scrollHeight, scrollTop } =
        document.querySelector('#log');
      return scrollHeight - scrollTop - clientHeight < 2;
    })()`);
    await shoot(t.grace, 'phone');
  },

  async 'a newcomer is shown what was said before'(t) {
    const page = await t.browser.newPage(t.url);

    await page.waitFor(`document.activeElement.id === 'name'`);
    await shoot(page, 'lobby');
    await join(page, 'Ada'); // the name is taken
    await page.waitFor(`${statusText} === 'Connected as Ada (2)'`);
    assert.strictEqual(
      await page.evaluate(`document.querySelectorAll('.message').length`),
      4
    );
    await page.close();
    await t.ada.waitFor(`${logText}.includes('Ada (2) left')`);
  },

  async 'both tabs come back after the server was started again'(t) {
    const { port } = new URL(t.url);

    assert.deepStrictEqual(await t.chat.stop(), { code: 0, signal: null });
    await t.ada.waitFor(`${statusText}.startsWith('Connection lost')`);
    assert.strictEqual(
      await t.ada.evaluate(`document.querySelector('#send').disabled`),
      true
    );
    // Chromium logs each attempt that meets no server, which is as it should be.
    t.ada.problems = ignoreRefusals(t.ada.problems);

    t.chat = run('examples/chat/server.js', { env: { PORT: port } });
    await t.chat.url();
    await t.ada.waitFor(`${statusText} === 'Connected as Ada'`);
    await t.grace.waitFor(`${statusText} === 'Connected as Grace'`);
    await t.ada.waitFor(`${people} === 'Ada,Grace'`);
    await t.ada.click('#text');
    await t.ada.type('Here again');
    await t.ada.pressEnter();
    await t.grace.waitFor(`${lastText()} === 'Here again'`);
  },

  async 'Ada sees Grace leave when her tab is closed'(t) {
    await t.grace.close();
    await t.ada.waitFor(`${people} === 'Ada'`);
    await t.ada.waitFor(`${logText}.includes('Grace left')`);
  },

  async 'nothing went wrong in the pages'(t) {
    assert.deepStrictEqual(ignoreRefusals(t.ada.problems), []);
    assert.deepStrictEqual(ignoreRefusals(t.grace.problems), []);
    assert.strictEqual(t.chat.stderr, '');
    await t.ada.close();
  }
};

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

async function main() {
  const { CHROMIUM } = process.env;
  const candidates = CHROMIUM ? [CHROMIUM] : USUAL_PATHS;
  const executable = candidates.find((file) => fs.existsSync(file));

  if (executable === undefined) {
    console.error(
      `No Chromium was found at ${candidates.join(', ')}.\n` +
        'Install one, such as with\n' +
        '  sudo apt-get update && sudo apt-get install -y chromium\n' +
        'or say where it is: CHROMIUM=/path/to/chromium npm run test:browser'
    );
    process.exitCode = 1;
    return;
  }

  const browser = await Browser.launch(executable);
  const all = [
    {
      async open() {
        const chat = run('examples/chat/server.js');

        return { chat, end: () => t.chat.stop(), url: await chat.url() };
      },
      steps
    },
    ...groups
  ];
  let passed = 0;
  let failed = 0;
  let t;

  try {
    for (const { open, skip, steps, title } of all) {
      if (skip) {
        console.log(`skipped ${title}: ${skip}`);
        continue;
      }

      t = await open();
      t.browser = browser;

      try {
        const failures = await runSteps(t, steps);

        passed += Object.keys(steps).length - failures;
        failed += failures;
      } finally {
        await t.end();
      }
    }
  } finally {
    await browser.close();
  }

  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** Returns how many failed. */
async function runSteps(t, steps) {
  let failed = 0;

  for (const [title, step] of Object.entries(steps)) {
    if (failed > 0) {
      failed++;
      console.log(`FAILED  ${title}: not run, it needs the steps before it`);
      continue;
    }

    try {
      await step(t);
      console.log(`ok      ${title}`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${title}\n${error.stack}`);
    }
  }

  return failed;
}

async function shoot(page, name) {
  const folder = process.env.SCREENSHOT_DIR;

  if (!folder) return;

  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, `chat-${name}.png`),
    await page.screenshot()
  );
}
