// Bytes of frames, and how traces name bytes.
import { createHash } from 'node:crypto';

export function digest(bytes) {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 8);
}

export function describeBytes(bytes) {
  return `${bytes.length} ${digest(bytes)}`;
}

/** Makes a frame's bytes of a plain description. */
export function encodeFrame({
  fin = true,
  rsv = 0,
  op,
  body,
  mask,
  lengthAs,
  announce
}) {
  const length = announce ?? body.length;
  const form = lengthAs ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  const head = Buffer.alloc(
    2 + (form === 16 ? 2 : form === 64 ? 8 : 0) + (mask ? 4 : 0)
  );
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | op;
  let at = 2;
  if (form === 7) head[1] = length;
  else if (form === 16) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
    at = 4;
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
    at = 10;
  }
  if (!mask) return Buffer.concat([head, body]);
  head[1] |= 0x80;
  const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
  key.copy(head, at);
  const masked = Buffer.allocUnsafe(body.length);
  for (let i = 0; i < body.length; i++) masked[i] = body[i] ^ key[i & 3];
  return Buffer.concat([head, masked]);
}
