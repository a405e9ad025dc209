// What the fuzzers of handshakes and of arguments print.

/** Prints where two packages part. */
export function show({ ref, mine, streams }) {
  for (const name of streams) {
    const a = ref[name] ?? [];
    const b = mine[name] ?? [];
    let same = 0;
    while (same < a.length && a[same] === b[same]) same++;
    console.log(
      `  ${name}: ${a.length} and ${b.length}, first ${same} the same`
    );
    for (const [label, list] of [
      ['ws   ', a],
      ['ws-rs', b]
    ]) {
      for (const line of list.slice(Math.max(0, same - 1), same + 4)) {
        console.log(`    ${label} | ${line.slice(0, 700)}`);
      }
    }
  }
}

/** Prints all that one package did. */
export function print(streams) {
  for (const [name, lines] of Object.entries(streams)) {
    console.log(name);
    for (const line of lines) console.log(`   ${line}`.slice(0, 1500));
  }
}
