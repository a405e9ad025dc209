'use strict';

/** A real nginx, for tests: on loopback, with all of its files in a folder that goes with it. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { find, freePort } = require('./brokers');
const { PATIENCE } = require('./patience');
const { selfSigned } = require('../../examples/self-signed');

const PROGRAM = find('nginx');

/** Why there is no nginx, or `false`. */
const skip =
  PROGRAM === undefined &&
  'nginx is not installed (Debian: apt-get install nginx-light)';

if (skip && process.env.WS_RS_TEST_TOOLS === 'required') throw new Error(skip);

/** What nginx says of an upgrade in its manual, and what docs/scaling.md has of it. */
const UPGRADE = `
  proxy_http_version 1.1;
  proxy_set_header Host $host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`;

/** They must not outlive a test that is stopped. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

class Nginx {
  /**
   * Starts one that is gone at the end of the test.
   *
   * @param {Object} t The test
   * @param {Object} config What is in its configuration
   * @param {String} config.location Directives of `location /`, behind those of an upgrade
   * @param {String} [config.http] Directives of `http`, such as `upstream`
   * @param {Boolean} [config.keeps] Whether connections to servers are kept for other requests
   * @param {Boolean} [config.secure] Whether its clients come over TLS
   */
  static async start(t, config) {
    const nginx = new Nginx(config);

    t.after(() => nginx._end());
    nginx.port = await freePort();
    nginx._write();
    await nginx._run();
    return nginx;
  }

  constructor(config) {
    this.config = config;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-nginx-'));
    this.port = 0;
    this._child = null;
    this._output = '';
  }

  /** For WebSockets. */
  get url() {
    return `${this.config.secure ? 'wss' : 'ws'}://127.0.0.1:${this.port}/`;
  }

  /** Has new connections served by another configuration; those that are open stay with the old one. */
  async reload(config) {
    const before = this._output.length;

    this.config = { ...this.config, ...config };
    this._write();
    this._child.kill('SIGHUP');
    await this._said('start worker process ', before);
  }

  /** Ends it, and with it all connections. */
  async stop() {
    this._child.kill('SIGTERM');
    await once(this._child, 'exit');
  }

  _write() {
    const { http = '', keeps, location, secure } = this.config;
    const { cert, key } = selfSigned();

    fs.writeFileSync(path.join(this.folder, 'cert.pem'), cert);
    fs.writeFileSync(path.join(this.folder, 'key.pem'), key);
    fs.writeFileSync(
      path.join(this.folder, 'nginx.conf'),
      `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_shutdown_timeout 30s;
pid ${this.folder}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `  ${name}_temp_path ${this.folder}/${name};`)
  .join('\n')}
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' ${keeps ? "''" : 'close'};
  }
${http}
  server {
    listen 127.0.0.1:${this.port}${secure ? ' ssl' : ''};
    ssl_certificate ${this.folder}/cert.pem;
    ssl_certificate_key ${this.folder}/key.pem;
    location / {${UPGRADE}
${location}
    }
  }
}
`
    );
  }

  async _run() {
    const args = ['-p', this.folder, '-c', `${this.folder}/nginx.conf`];
    const child = spawn(PROGRAM, args, {
      stdio: ['ignore', 'ignore', 'pipe']
    });

    this._child = child;
    running.add(child);
    child.on('exit', () => running.delete(child));
    child.stderr.on('data', (text) => (this._output += text));
    await this._said('start worker process ');
    // It says so before the worker listens.
    for (const deadline = Date.now() + PATIENCE; ; await sleep(5)) {
      const socket = net.connect(this.port, '127.0.0.1');
      const isThere = await new Promise((resolve) => {
        socket.on('connect', () => resolve(true));
        socket.on('error', () => resolve(false));
      });

      socket.destroy();
      if (isThere) return;
      if (Date.now() > deadline) throw new Error(`nginx: ${this._output}`);
    }
  }

  /** Waits until it has said something. */
  async _said(text, from = 0) {
    for (const deadline = Date.now() + PATIENCE; ; await sleep(5)) {
      if (this._output.indexOf(text, from) >= 0) return;
      if (this._child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`nginx: ${this._output}`);
      }
    }
  }

  async _end() {
    if (this._child !== null && this._child.exitCode === null) {
      await this.stop();
    }
    fs.rmSync(this.folder, { force: true, recursive: true });
  }
}

module.exports = { Nginx, skip };
