// What docs/api.md lets differ of what is written down.
import { CUT, LEFT_OUT } from '../handshake/judge.mjs';

/**
 * @param {Object} scenario The scenario
 * @param {Object} trace What one package did
 * @return {Object} What is compared
 */
export function allowed(scenario, trace) {
  let { program = [] } = trace;

  // Errors of 'wsClientError' are of a class of our own.
  program = program.map((line) =>
    line.replace(
      /HandshakeError (Error: .*?) headers=[\w ]+,status=\d+/g,
      'Error $1 '
    )
  );
  // zlib names a reason, where ours does not.
  program = program.map((line) =>
    line.replace(/Error: [^:]*(?= code=Z_DATA_ERROR)/g, 'Error: corrupt')
  );
  // What is no socket is called in another order.
  if (scenario.kind === 'server') {
    program = program.map((line) =>
      line.replace(/(Upgrade throws TypeError|^uncaught) .*/, '$1')
    );
  }
  if (scenario.kind === 'flow') return allowedOfFlow(scenario, trace, program);
  // A server's side with the defaults.
  if (scenario.kind === 'client' && scenario.args?.[0] === null) return {};
  // A client that throws has sent nothing.
  if (
    scenario.kind === 'client' &&
    program[0]?.startsWith('sync new WebSocket throws')
  ) {
    return { program };
  }
  const at = (pattern) => program.findIndex((line) => pattern.test(line));
  const ends = [
    // A callback that is none: what follows is another connection's.
    at(/Unknown encoding/),
    at(/^sync (ws|sender)\.\w+ throws TypeError TypeError: … /),
    // A blob that throws behind something that is compressed.
    at(/arrayBuffer throws/),
    // A stream whose connection broke closes, and is destroyed behind that.
    at(/stream close/),
    // A listener that throws has ws deliver no more behind that.
    at(/^uncaught/) + 1 || -1
  ].filter((index) => index >= 0);
  if (ends.length > 0) {
    return { [CUT]: true, program: program.slice(0, Math.min(...ends)) };
  }
  // What is given to the sender of a connection that broke meanwhile has a callback
  // with ws-rs, too.
  if (/was being (compressed|read)|no blob/.test(trace.callbacks?.join())) {
    return { ...trace, program, [LEFT_OUT]: ['callbacks'] };
  }
  // A frame of which a part was written when the socket was destroyed.
  if (trace.peer?.some((line) => line.startsWith('rest'))) {
    return { ...trace, program, [LEFT_OUT]: ['peer', 'callbacks'] };
  }
  return { ...trace, program };
}

const DESTROYS = / (ws terminate|destroy|abort) gives /;

/** As `allowed()`, of a byte stream. */
function allowedOfFlow({ mode, topology }, trace, program) {
  const { state = [] } = trace;
  const isBroken = state.some(
    (line, i) =>
      line.includes('writableEnded true, writableFinished false') &&
      line.includes('destroyed false') &&
      // Behind it stand its listeners and the connection.
      state[i + 2]?.startsWith('ws 3')
  );

  // With ws the stream of a connection that broke before it could end never closes.
  if (isBroken) {
    const end = program.findIndex((line) => line.includes('ws close')) + 1;

    return { [CUT]: true, program: program.slice(0, end || program.length) };
  }
  // What a Duplex that is destroyed has got of two chunks, or of one.
  if (topology === 'duplex') {
    const end = program.findIndex((line) => DESTROYS.test(line));

    return {
      [CUT]: true,
      program: program.slice(0, end < 0 ? undefined : end)
    };
  }
  // How fast is compressed.
  if (mode.deflate) program = program.filter((line) => !/ drain /.test(line));

  return { ...trace, program };
}
