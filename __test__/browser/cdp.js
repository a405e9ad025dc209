'use strict';

// Drives a Chromium by the Chrome DevTools Protocol, with ws-rs as the client:
// https://chromedevtools.github.io/devtools-protocol/

const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { WebSocket } = require('../..');

const FLAGS = [
  '--headless',
  '--no-sandbox', // CI and containers run as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0'
];
const START_TIMEOUT = 30000; // ms
const WAIT_TIMEOUT = 8000; // ms

/** A headless Chromium with a profile of its own. */
class Browser {
  /**
   * @param {string} executable the path of Chromium
   * @returns {Promise<Browser>} the browser, ready for `newPage()`
   */
  static async launch(executable) {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-chromium-'));
    const child = spawn(
      executable,
      [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'] }
    );
    const browser = new Browser(child, profile);

    try {
      await browser._connect();
    } catch (error) {
      await browser.close();
      throw error;
    }

    return browser;
  }

  constructor(child, profile) {
    this._child = child;
    this._ended = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', resolve); // it could not even be started
    });
    this._lastId = 0;
    this._pages = new Map(); // session id -> Page
    this._pending = new Map(); // command id -> { resolve, reject, method }
    this._profile = profile;
    this._ws = null;
  }

  /**
   * Opens a tab.
   *
   * @param {string} url where to go; use `page.waitFor()` to know it is there
   * @param {{width?: number, height?: number, dark?: boolean}} [options] size in
   *     CSS pixels, and which colours the person prefers
   * @returns {Promise<Page>} the tab
   */
  async newPage(url, { width = 1100, height = 760, dark = false } = {}) {
    const { targetId } = await this.send('Target.createTarget', {
      url: 'about:blank'
    });
    const { sessionId } = await this.send('Target.attachToTarget', {
      targetId,
      flatten: true
    });
    const page = new Page(this, targetId, sessionId);

    this._pages.set(sessionId, page);
    await page.setUp({ width, height, dark });
    await page.send('Page.navigate', { url });

    return page;
  }

  /**
   * Sends a command and waits for its result.
   *
   * @param {string} method such as `Target.createTarget`
   * @param {object} [params] the command's parameters
   * @param {string} [sessionId] of a page; without it, the browser's own
   * @returns {Promise<object>} the result
   * @throws {Error} what Chromium answers, or that it has gone
   */
  send(method, params = {}, sessionId = undefined) {
    const id = ++this._lastId;

    return new Promise((resolve, reject) => {
      this._pending.set(id, { method, reject, resolve });
      this._ws.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** Ends the browser and removes its profile. */
  async close() {
    if (this._ws?.readyState === WebSocket.OPEN) {
      this.send('Browser.close').catch(() => {}); // it may end before it answers
    } else {
      this._child.kill('SIGKILL');
    }

    const timer = setTimeout(() => this._child.kill('SIGKILL'), 5000);

    await this._ended;
    clearTimeout(timer);
    this._ws?.terminate();
    // Its helper processes may write there for a moment longer.
    fs.rmSync(this._profile, {
      force: true,
      maxRetries: 10,
      recursive: true,
      retryDelay: 100
    });
  }

  async _connect() {
    const ws = new WebSocket(await this._endpoint(), {
      maxPayload: 256 * 1024 * 1024, // screenshots
      perMessageDeflate: false
    });

    this._ws = ws;
    ws.on('message', (data) => this._onMessage(JSON.parse(data.toString())));
    ws.on('close', () => {
      for (const { method, reject } of this._pending.values()) {
        reject(new Error(`Chromium has gone before it answered ${method}`));
      }
      this._pending.clear();
    });
    await once(ws, 'open');
    ws.on('error', () => {}); // 'close' follows, see above
  }

  _endpoint() {
    return new Promise((resolve, reject) => {
      let output = '';
      const timer = setTimeout(
        () => reject(new Error(`Chromium does not start:\n${output}`)),
        START_TIMEOUT
      );

      this._ended.then((reason) => {
        clearTimeout(timer);
        reject(new Error(`Chromium has ended (${reason}):\n${output}`));
      });
      this._child.stderr.setEncoding('utf8').on('data', (text) => {
        output += text;

        const match = output.match(/DevTools listening on (ws:\S+)\s/);

        if (match) {
          clearTimeout(timer);
          resolve(match[1]);
        }
      });
    });
  }

  _onMessage({ id, method, params, result, error, sessionId }) {
    if (id === undefined) {
      this._pages.get(sessionId)?.emit(method, params);
      return;
    }

    const pending = this._pending.get(id);

    this._pending.delete(id);
    if (error) {
      pending?.reject(new Error(`${pending.method}: ${error.message}`));
    } else {
      pending?.resolve(result);
    }
  }
}

/** A tab. It emits Chromium's own events, such as `Network.webSocketClosed`. */
class Page extends EventEmitter {
  constructor(browser, targetId, sessionId) {
    super();
    this._browser = browser;
    this._sessionId = sessionId;
    this._targetId = targetId;

    /** @type {string[]} what went wrong in the page: exceptions, console errors */
    this.problems = [];
    /** @type {object[]} the response of each WebSocket handshake, oldest first */
    this.handshakes = [];

    this.on('Runtime.exceptionThrown', ({ exceptionDetails }) => {
      const { exception, text } = exceptionDetails;

      this.problems.push(exception?.description ?? text);
    });
    this.on('Log.entryAdded', ({ entry }) => {
      if (entry.level === 'error') this.problems.push(entry.text);
    });
    this.on('Network.webSocketHandshakeResponseReceived', ({ response }) => {
      this.handshakes.push(response);
    });
  }

  async setUp({ width, height, dark }) {
    for (const domain of ['Log', 'Network', 'Page', 'Runtime']) {
      await this.send(`${domain}.enable`);
    }

    // A tab in the background gets no keys, a page that thinks it has focus does.
    await this.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await this.send('Emulation.setEmulatedMedia', {
      features: [
        { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }
      ]
    });
    await this.resize(width, height);
  }

  /** As `Browser#send`, for this tab. */
  send(method, params) {
    return this._browser.send(method, params, this._sessionId);
  }

  /**
   * @param {string} expression JavaScript; a promise is waited for
   * @returns {Promise<unknown>} its value, which JSON must be able to carry
   * @throws {Error} what the expression threw
   */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      awaitPromise: true,
      expression,
      returnByValue: true
    });

    if (exceptionDetails) {
      const { exception, text } = exceptionDetails;

      throw new Error(exception?.description ?? text);
    }

    return result.value;
  }

  /**
   * Waits until an expression is truthy.
   *
   * @param {string} expression JavaScript
   * @returns {Promise<unknown>} its value
   * @throws {Error} after 8 seconds, with the text of the page
   */
  async waitFor(expression) {
    const end = Date.now() + WAIT_TIMEOUT;

    for (;;) {
      // While the page is being replaced there is nothing to evaluate in.
      const value = await this.evaluate(expression).catch(() => undefined);

      if (value) return value;

      if (Date.now() > end) {
        const text = await this.evaluate('document.body.innerText');

        throw new Error(`Never came true: ${expression}\nThe page:\n${text}`);
      }

      await sleep(20);
    }
  }

  /** Types as with a keyboard, into what has the focus. */
  async type(text) {
    await this.send('Input.insertText', { text });
  }

  /** Presses Enter, which submits as on a keyboard. */
  async pressEnter() {
    const key = { code: 'Enter', key: 'Enter', windowsVirtualKeyCode: 13 };

    await this.send('Input.dispatchKeyEvent', {
      ...key,
      text: '\r',
      type: 'keyDown'
    });
    await this.send('Input.dispatchKeyEvent', { ...key, type: 'keyUp' });
  }

  /** Clicks in the middle of the element that a CSS selector finds. */
  async click(selector) {
    await this.send('Page.bringToFront'); // elsewhere the mouse does nothing

    const { x, y } = await this.evaluate(`(() => {
      const box = document
        .querySelector(${JSON.stringify(selector)})
        .getBoundingClientRect();
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);

    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', {
        button: 'left',
        clickCount: 1,
        type,
        x,
        y
      });
    }
  }

  /** Gives the page another size, in CSS pixels. */
  async resize(width, height) {
    await this.send('Emulation.setDeviceMetricsOverride', {
      deviceScaleFactor: 1,
      height,
      mobile: false,
      width
    });
  }

  /** @returns {Promise<Buffer>} what the tab looks like, as a PNG */
  async screenshot() {
    const { data } = await this.send('Page.captureScreenshot');

    return Buffer.from(data, 'base64');
  }

  /** Closes the tab, as its person would. */
  async close() {
    this._browser._pages.delete(this._sessionId);
    await this._browser.send('Target.closeTarget', {
      targetId: this._targetId
    });
  }
}

module.exports = { Browser };
