// What given.js does, for import. It runs in a thread of its own.

let given;
let programs;
let tools;

export function initialize(data) {
  ({ given, programs, tools } = data);
}

export function resolve(name, context, next) {
  if (name === 'ws') return { shortCircuit: true, url: given };

  // NODE_PATH is for require() only.
  const isOurs = context.parentURL?.startsWith(programs);
  const isPackage = /^[^./:]+($|\/)/.test(name);

  return next(
    name,
    isOurs && isPackage ? { ...context, parentURL: tools } : context
  );
}
