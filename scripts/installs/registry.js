'use strict';

/**
 * A registry on loopback that has the tarballs of a release and nothing else:
 * enough for npm and pnpm to choose a binary as they do with the real one. It
 * runs in a thread of its own, as tests wait for their child processes.
 */

const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { isMainThread, parentPort, Worker } = require('node:worker_threads');
const { workerData } = require('node:worker_threads');

if (!isMainThread && workerData?.packages) serve(workerData.packages);

module.exports = { startRegistry };

/**
 * @param {Object[]} packages `manifest` and `path` of a tarball, each
 * @return {Promise<Object>} `url`, and `stop()`
 */
async function startRegistry(packages) {
  const worker = new Worker(__filename, { workerData: { packages } });
  const [port] = await once(worker, 'message');

  return {
    stop: () => worker.terminate(),
    url: `http://127.0.0.1:${port}/`
  };
}

function serve(packages) {
  const byName = new Map(packages.map((one) => [one.manifest.name, one]));
  const server = http.createServer((request, response) => {
    const [, name, tarball] = /^\/(.+?)(\/-\/.+)?$/.exec(
      decodeURIComponent(request.url.split('?')[0])
    );
    const found = byName.get(name);

    if (!found) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":"not found"}');
    } else if (tarball) {
      response.end(fs.readFileSync(found.path));
    } else {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(found, request.headers.host)));
    }
  });

  server.listen(0, '127.0.0.1', () => {
    parentPort.postMessage(server.address().port);
  });
}

// What a registry says of a package that has one version.
function packument({ manifest, path: tarball }, host) {
  const { name, version } = manifest;
  const hash = (algorithm, encoding) =>
    crypto
      .createHash(algorithm)
      .update(fs.readFileSync(tarball))
      .digest(encoding);

  return {
    name,
    'dist-tags': { latest: version },
    time: { [version]: '2020-01-01T00:00:00.000Z' },
    versions: {
      [version]: {
        ...manifest,
        dist: {
          integrity: `sha512-${hash('sha512', 'base64')}`,
          shasum: hash('sha1', 'hex'),
          tarball: `http://${host}/${name}/-/${path.basename(tarball)}`
        }
      }
    }
  };
}
