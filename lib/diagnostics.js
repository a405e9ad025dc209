'use strict';
const { diagnostics } = require('./builtins');

const { channel } = diagnostics;

const error = channel('ws-rs:error');

/**
 * What whoever watches a process can subscribe to, with Node's
 * `diagnostics_channel`: docs/api.md says what is published.
 */
module.exports = {
  backpressure: channel('ws-rs:backpressure'),
  close: channel('ws-rs:close'),
  connection: channel('ws-rs:connection'),
  error,

  /** Tells of an error that is about to be emitted. */
  publishError(websocket, err) {
    if (error.hasSubscribers) error.publish({ error: err, websocket });
  }
};
