// Programs that have a property `transport` of their own, of any kind.
import WebSocket = require('ws-rs');

class Hidden extends WebSocket {
  private transport = new Map<string, number>();

  count(): number {
    return this.transport.size;
  }
}

class Computed extends WebSocket {
  get transport(): number {
    return this.bufferedAmount;
  }
}

interface Managed {
  transport: { name: string };
}

function manage(ws: WebSocket & Managed): string {
  return ws.transport.name;
}

export { Computed, Hidden, manage };
