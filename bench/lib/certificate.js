'use strict';

const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

/**
 * Makes a self-signed certificate for this run with the `openssl` program.
 *
 * @return {{ files: { keyFile: string, certFile: string } | null,
 *   problem: string | null, remove: () => void }} `files` is null, and `problem`
 *   says why, where there is no `openssl`
 */
function createCertificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-bench-'));
  const keyFile = path.join(folder, 'key.pem');
  const certFile = path.join(folder, 'cert.pem');
  const remove = () => rmSync(folder, { force: true, recursive: true });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-subj', '/CN=localhost', '-days', '2'];
  const output = ['-keyout', keyFile, '-out', certFile];

  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-nodes', ...curve, ...subject, ...output],
      { stdio: 'ignore' }
    );
  } catch (error) {
    const problem = `openssl could not make a certificate (${error.message})`;
    return { files: null, problem, remove };
  }
  return { files: { keyFile, certFile }, problem: null, remove };
}

module.exports = { createCertificate };
