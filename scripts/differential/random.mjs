// A small seeded generator (mulberry32) and what scenarios need of it.
export function rng(seed) {
  let a = seed >>> 0;
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const r = {
    next,
    int: (lo, hi) => lo + Math.floor(next() * (hi - lo + 1)),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
    /** Picks by weight: [[weight, value], …] */
    weigh(list) {
      let sum = 0;
      for (const [w] of list) sum += w;
      let x = next() * sum;
      for (const [w, v] of list) {
        x -= w;
        if (x < 0) return v;
      }
      return list[list.length - 1][1];
    }
  };
  return r;
}

const WORDS = [
  'alpha ',
  'βήτα ',
  'gamma ',
  '測試 ',
  'delta ',
  '🎈 ',
  'plain ascii text '
];

/** Deterministic payload bytes. `kind`: 'text' makes valid UTF-8 of exactly `size` bytes. */
export function payload(kind, size, id) {
  const out = Buffer.allocUnsafeSlow(size);
  if (size === 0) return out;
  if (kind === 'text') {
    // A number up front makes every message unlike the others.
    const head = Buffer.from(`#${id}:`);
    let at = head.copy(out, 0);
    const word = Buffer.from(WORDS[id % WORDS.length]);
    while (at + word.length <= size) at += word.copy(out, at);
    if (at < size) out.fill(0x2e, at);
  } else if (kind === 'random') {
    const r = rng(id * 7919 + size);
    const block = Buffer.allocUnsafe(Math.min(size, 4096));
    for (let i = 0; i < block.length; i++) block[i] = r.next() * 256;
    for (let at = 0; at < size; at += block.length) {
      block.writeUInt8((at >>> 12) & 255, 0);
      block.copy(out, at, 0, Math.min(block.length, size - at));
    }
  } else {
    for (let i = 0; i < Math.min(size, 256); i++) {
      out[i] = (i * (id + 3) + id) & 255;
    }
    for (let at = 256; at < size; at += 256) {
      out.copy(out, at, 0, Math.min(256, size - at));
      out[at] = (at >>> 8) & 255;
      if (at + 1 < size) out[at + 1] = (at >>> 16) & 255;
    }
    if (size > 2) out[1] = id & 255;
  }
  return out;
}
