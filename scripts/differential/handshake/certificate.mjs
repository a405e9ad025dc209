import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);

/** @return {String} A folder with a key and a certificate, as long as the process lives */
export function makeCertificate() {
  const { selfSigned } = require('../../../examples/self-signed.js');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-handshake-'));
  const { cert, key } = selfSigned();

  fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
  fs.writeFileSync(path.join(folder, 'key.pem'), key);
  process.on('exit', () => fs.rmSync(folder, { force: true, recursive: true }));
  return folder;
}
