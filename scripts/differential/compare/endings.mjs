// Which scenarios end a connection, and how.

/** Any end of a connection. */
const ENDING =
  /"op":"(terminate|close|fin|rst|destroy|sockEnd|partial|streamEnd|throw|atOnce)"|"what":"sock(End|EndData|Destroy|DestroyErr|DestroySoon|Reset)"|"bad":|"close":|"op":"mischief"/;

/** An end that may take along what is under way. */
const HARD_ENDING =
  /"op":"(terminate|close|rst|destroy|sockEnd|partial|streamEnd|throw|atOnce)"|"what":"sock(End|EndData|Destroy|DestroyErr|DestroySoon|Reset)"|"bad":|"cbThrow"|"binaryType"|"op":"mischief"/;

/** An end of this side that drops what is not written. */
const DROPPING =
  /"op":"(terminate|rst|close)"|"what":"sock(Destroy|DestroyErr|DestroySoon|Reset|End|EndData)"|"finish":"rst"|"bad":|"op":"mischief"/;

const textOf = ({ conns, finish, steps }) =>
  JSON.stringify({ conns, finish, steps });

export const endsSomewhere = (scenario) =>
  ENDING.test(JSON.stringify([scenario.steps, scenario.conns]));

/** The same, but a listener that throws is no end. */
export const endsBesidesThrows = (scenario) =>
  ENDING.test(
    JSON.stringify([scenario.steps, scenario.conns]).replaceAll(
      '"op":"throw"',
      ''
    )
  );

export const endsHard = (scenario) =>
  HARD_ENDING.test(JSON.stringify([scenario.steps, scenario.conns]));

export const drops = (scenario) =>
  DROPPING.test(textOf(scenario)) ||
  // A peer that pings too fast is cut off.
  (scenario.options ?? {}).maxPendingAutoPongs !== undefined;

/** Whether a step is such an end. */
export const isDropping = (step) => DROPPING.test(JSON.stringify(step));

/** Whether the program ends the raw socket, not the WebSocket. */
export const closesSocket = (scenario) =>
  /"what":"sock(End|EndData|DestroySoon)"/.test(textOf(scenario));

export const throwsSomewhere = (scenario) =>
  /"op":"throw"|"cbThrow"/.test(JSON.stringify(scenario));
