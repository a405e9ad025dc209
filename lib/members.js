'use strict';

/**
 * The names of what a `WebSocket` or a `WebSocketServer` has and that of ws has
 * not. Symbols, as programs keep what they like on these objects, and have classes
 * on top of them.
 */
module.exports = {
  /** Of a `WebSocket`: what it does with messages for a peer that is too slow. */
  kBackPressure: Symbol('ws-rs.backPressure'),

  /** Of a `WebSocket`: its `Connection`, once there is one. */
  kConnection: Symbol('ws-rs.connection'),

  /** Of a `WebSocketServer`: the contexts of its option `tls`, or `null`. */
  kContexts: Symbol('ws-rs.contexts'),

  /** Of a `WebSocket`: emits `'error'`, unless it did before. */
  kEmitErrorOnce: Symbol('ws-rs.emitErrorOnce'),

  /** Of both: the settings of the option `heartbeat`, or `null`. */
  kHeartbeat: Symbol('ws-rs.heartbeat'),

  /** Of a `WebSocket`: the extensions by name, or `null`. */
  kNegotiated: Symbol('ws-rs.negotiated'),

  /** Of a `WebSocketServer`: called with a `WebSocket` of its own that is closed. */
  kOnClosed: Symbol('ws-rs.onClosed'),

  /** Of a `WebSocket`: called with the `Connection` when that is made. */
  kOnConnected: Symbol('ws-rs.onConnected'),

  /** Of a `WebSocket`: the `Outbox` of its `Connection`, if that was made already. */
  kOutput: Symbol('ws-rs.output'),

  /** Of a `WebSocket`: gives the closing handshake its time. */
  kSetCloseTimer: Symbol('ws-rs.setCloseTimer')
};
