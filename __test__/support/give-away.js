'use strict';

// Ways in which a program gives the memory of a message away.

/** Puts it into a byte stream; its memory is the reader's then. */
async function intoStream(data) {
  const stream = new ReadableStream({
    type: 'bytes',
    start: (controller) => controller.enqueue(data)
  });
  const { value } = await stream.getReader().read();

  return value;
}

/** Each resolves to a view on the memory, wherever it is now. */
const ways = {
  'a byte stream': intoStream,
  'another thread': (data) =>
    structuredClone(data, { transfer: [data.buffer] }),
  'transfer()': ({ buffer }) =>
    // Node 20 has no such method.
    new Uint8Array(
      buffer.transfer?.() ?? structuredClone(buffer, { transfer: [buffer] })
    )
};

module.exports = { intoStream, ways };
