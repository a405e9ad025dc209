// A WebSocket to the page's own server that comes back when it is lost.

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 15000; // ms

/**
 * Events: `open`, `message` (`detail`: the parsed JSON) and `lost` (a new attempt
 * follows by itself).
 */
export class Connection extends EventTarget {
  #attempts = 0;
  #timer = 0;
  #socket = null;

  constructor() {
    super();
    // No need to wait for the timer when the network is known to be back.
    window.addEventListener('online', () => {
      if (this.#timer) this.open();
    });
  }

  /** Connects now. */
  open() {
    clearTimeout(this.#timer);
    this.#timer = 0;

    const url = new URL('/', location.href);

    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

    const socket = new WebSocket(url);

    this.#socket = socket;
    socket.onopen = () => this.dispatchEvent(new Event('open'));
    socket.onmessage = ({ data }) => {
      const detail = JSON.parse(data);

      this.dispatchEvent(new CustomEvent('message', { detail }));
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return; // closed by `close()`

      this.#socket = null;
      this.#timer = setTimeout(() => this.open(), this.#nextDelay());
      this.dispatchEvent(new Event('lost'));
    };
  }

  /** Closes it for good, or until the next `open()`. */
  close() {
    const socket = this.#socket;

    this.#socket = null;
    clearTimeout(this.#timer);
    this.#timer = 0;
    socket?.close(1000);
  }

  /** The server has proved to be well: the next loss starts with a short delay. */
  settle() {
    this.#attempts = 0;
  }

  /**
   * @param {object} message what to send, as JSON
   * @returns {boolean} false if there is no connection at the moment
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;

    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // Exponential, with jitter: a thousand tabs do not come back at the same moment.
  #nextDelay() {
    const delay = Math.min(FIRST_DELAY * 2 ** this.#attempts++, LONGEST_DELAY);

    return delay * (0.5 + Math.random() / 2);
  }
}
