/**
 * A reporter of `node --test`: a line of JSON for each test that has ended, suites
 * only if something of their own failed. `title` is that of the suites around it, too.
 */
export default async function* results(source) {
  // Nodes report file by file, and in order.
  const titles = [];

  for await (const { type, data } of source) {
    if (type === 'test:start') {
      titles.length = data.nesting;
      titles.push(data.name);
    } else if (type === 'test:pass' || type === 'test:fail') {
      const passed = type === 'test:pass';
      const { error, type: kind } = data.details ?? {};

      // The test in it is reported, too.
      if (error?.failureType === 'subtestsFailed') continue;
      if (kind === 'suite' && passed) continue;

      const title = [...titles.slice(0, data.nesting), data.name].join(' > ');
      const skipped = data.skip !== undefined && data.skip !== false;
      const { file = data.name } = data;

      yield `${JSON.stringify({ file, passed, skipped, title })}\n`;
    }
  }
}
