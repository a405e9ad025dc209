// Takes away from traces what may rightly differ.
import { closesSocket } from './endings.mjs';
import { sendsMuch } from './tolerance.mjs';

/** What docs/api.md lets differ, or chance decides, in one stream's lines. */
export function normalise(stream, lines, scenario) {
  let out = lines;

  if (stream.endsWith('.rx') || stream.endsWith('.stream')) {
    // docs/api.md: corrupt data may be reported as `invalid deflate data`.
    out = out.map((line) =>
      line.replace(/Z_DATA_ERROR .*?( state|$)/, 'Z_DATA_ERROR$1')
    );
  }
  if (stream.endsWith('.cb') && scenario.deflate) {
    // Whether compression is done when a socket has ended, or only when it is
    // destroyed, depends on how long it takes.
    out = out.map((line) =>
      line.replace(
        'ERR_STREAM_WRITE_AFTER_END write after end',
        ' The socket was closed while data was being compressed'
      )
    );
  }
  if (scenario.atOnce) {
    // docs/api.md: which of two frames that fail together tells of the reset.
    out = out.map((line) =>
      line.replace(
        /^((?:cb )?\d\S* .*)(?:EPIPE|ECONNRESET) write (?:EPIPE|ECONNRESET)/,
        '$1broken'
      )
    );
  }
  if (scenario.atOnce && scenario.deflate) {
    // Whether what is compressed is done when the socket has ended, or is destroyed.
    out = out.map((line) =>
      line.replace(
        / +(?:EPIPE This socket has been ended by the other party|The socket was closed while data was being compressed)/,
        ' ended'
      )
    );
    out = out.filter((line) => !line.startsWith('socket error EPIPE'));
  }
  if (stream === 'proc') {
    // A fault of ws: its receiver goes on behind an error.
    out = out.filter(
      (line) =>
        !line.startsWith(
          "uncaught  Cannot read properties of undefined (reading '0')"
        )
    );
    if (scenario.looseStreams?.length > 0) {
      // What a connection that misbehaves leaves behind, and how often its
      // write() is called, is its own affair.
      out = [...new Set(out)].filter(
        (line) => !/^(clients left|wss closed|left behind)/.test(line)
      );
      if (scenario.steps.some(({ op }) => op === 'toAll')) {
        // docs/api.md: broadcast() ends a connection whose write() throws, so
        // that what ws writes there later is not written.
        out = out.filter((line) => !line.startsWith('uncaught  write refused'));
      }
    }
  }
  if (/^c\d+[ab]\.socket$/.test(stream)) {
    // Which half of the socket ends first, when both do in one turn, is a
    // matter of chance.
    const isHalf = (line) => /^(end|finish) /.test(line);
    out = [
      ...out.filter((line) => !isHalf(line)),
      ...out.filter(isHalf).sort()
    ];
  }
  if (
    stream.endsWith('.socket') &&
    scenario.deflate &&
    closesSocket(scenario)
  ) {
    // Whether what is compressed comes behind the end, too.
    out = out.map((line) => line.replace(/^close \w+$/, 'close'));
    out = out.filter(
      (line) => !/^(end|finish) |ERR_STREAM_WRITE_AFTER_END/.test(line)
    );
  }
  if (stream.endsWith('.look') && sendsMuch(scenario)) {
    // How much of it the kernel took before the end is its own affair.
    out = out.map((line) =>
      line.endsWith('destroyed true')
        ? line.replace(/written \d+/, 'written some')
        : line
    );
  }
  // A connection that misbehaves may end as it likes.
  if (
    scenario.looseStreams?.some(
      (c) => stream.startsWith(`${c}a.`) || stream.startsWith(`${c}b.`)
    )
  ) {
    return [];
  }
  return out;
}

/** Leaves out messages, pings and pongs between 'error' and 'close'. */
export function afterError(text) {
  let failed = false;
  return text
    .split('\n')
    .filter((line) => {
      if (line.startsWith('error ')) failed = true;
      return !(
        failed &&
        /^(message|ping|pong|[LE]\d+ (event )?(message|ping))/.test(line)
      );
    })
    .join('\n');
}
