'use strict';

const { os } = require('../builtins');

/** What `process.platform` is where the system says that it is called so. */
const PLATFORMS = {
  Darwin: 'darwin',
  FreeBSD: 'freebsd',
  Linux: 'linux',
  Windows_NT: 'win32'
};

/**
 * The machine that this process runs on. Programs that care for platforms are
 * tested with others in `process.platform` and `process.arch`; this does not look
 * there.
 *
 * @return {{arch: (String|undefined), platform: (String|undefined)}} As these are;
 *     `undefined` where it cannot be known
 */
function machine() {
  return {
    arch: process.config?.variables?.target_arch,
    platform: PLATFORMS[os.type()]
  };
}

module.exports = machine;
