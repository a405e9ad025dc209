// What programs and tests do to a raw socket, and should not harm others.

/** Makes the socket of an end misbehave. */
export function misbehave(end, what) {
  const socket = end.ws?._socket;
  if (!socket) return;
  const { write } = socket;

  switch (what) {
    case 'throwWrite':
      socket.write = () => {
        throw new Error('write refused');
      };
      break;
    case 'throwOnce':
      socket.write = function () {
        socket.write = write;
        throw new Error('write refused once');
      };
      break;
    case 'dropWrite':
      socket.write = () => true;
      break;
    case 'mockWrite':
      socket.write = counting(end, write);
      break;
    case 'mockPrototype':
      Object.setPrototypeOf(socket, {
        __proto__: Object.getPrototypeOf(socket),
        write: counting(end, write)
      });
      break;
    case 'closeHandle':
      if (!socket._handle) break;
      socket._handle.close();
      // Gets the number of the descriptor that has just been closed.
      end.run.stranger();
      break;
    default:
      throw new Error(`no such mischief: ${what}`);
  }
}

/** A write() that counts bytes, not calls: how many there are is nobody's business. */
function counting(end, write) {
  let bytes = 0;

  end.restore = () => {
    end.run.trace.add(`${end.name}.look`, `the mock saw ${bytes} bytes`);
  };
  return function (chunk, ...rest) {
    bytes += Buffer.byteLength(chunk);
    return write.call(this, chunk, ...rest);
  };
}
