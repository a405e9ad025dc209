'use strict';

/** Pings and pongs of the peers are under way. */
async function allCounted(world) {
  for (const { kind, wss } of world.servers) {
    const its = world.connections.filter((one) => one.server.wss === wss);

    if (!its.every((one) => one.ending === null && !one.hasCut)) continue;

    const sum = (read) => its.reduce((all, one) => all + read(one), 0);
    const counted = () => [
      sum((one) => one.peer.bytesOut),
      sum((one) => one.peer.bytesIn)
    ];
    const isRight = () => {
      const { received, sent } = wss.metrics();

      return [received.wireBytes, sent.wireBytes].join() === counted().join();
    };

    await world.until(
      isRight,
      () =>
        `metrics of ${kind}: received ${JSON.stringify(wss.metrics().received)}, sent ` +
        `${JSON.stringify(wss.metrics().sent)}; the peers counted ${counted()} ` +
        its
          .map(
            (one) =>
              `${one.index} ${one.ws.transport} ${one.ws.isPaused} ${one.peer.bytesOut} ${one.ws._socket.bytesRead}`
          )
          .join('; '),
      5000
    );
    await world.settle(5);
  }
}

/** Whether metrics() says what the peers and the events have said. */
function checkMetrics(world) {
  for (const server of world.servers) {
    const metrics = server.wss.metrics();
    const its = world.connections.filter((one) => one.server === server);
    const open = its.filter((one) => !one.isClosed);
    const isWhole = its.every((one) => one.ending === null && !one.hasCut);
    const sum = (read) => its.reduce((all, one) => all + read(one), 0);
    const check = (name, value, expected, isExact = true) => {
      if (isExact ? value !== expected : value < expected) {
        world.fault(
          `metrics of ${server.kind}: ${name} is ${value}, expected ${expected}`
        );
      }
    };

    check('connections.open', metrics.connections.open, open.length);
    check('opened', metrics.opened, its.length);
    check(
      'closed',
      JSON.stringify(metrics.closed),
      JSON.stringify(server.codes)
    );
    for (const transport of ['loop', 'stream', 'threads']) {
      check(
        `connections.${transport}`,
        metrics.connections[transport],
        open.filter((one) => one.ws.transport === transport).length
      );
    }
    check('queuedBytes', metrics.queuedBytes, 0);
    check('dropped', metrics.dropped, server.dropped);
    if (isWhole && world.faults.length === 0) {
      check(
        'sent.messages',
        metrics.sent.messages,
        sum((one) => one.messages)
      );
      check(
        'sent.bytes',
        metrics.sent.bytes,
        sum((one) => one.bytes)
      );
      check(
        'received.messages',
        metrics.received.messages,
        sum((one) => one.atServer)
      );
      check(
        'received.bytes',
        metrics.received.bytes,
        sum((one) => one.bytesToServer)
      );
    }
  }
}

module.exports = { allCounted, checkMetrics };
