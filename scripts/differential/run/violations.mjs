// Frames that break the protocol.
import zlib from 'node:zlib';
import { encodeFrame } from './frame-codec.mjs';

export function violation(f, mask) {
  const body = Buffer.from('violation');
  switch (f.bad) {
    case 'rsv1':
      return encodeFrame({
        op: 1,
        rsv: 4,
        body: Buffer.from('plain \xff\x00 deflated?', 'latin1'),
        mask
      });
    case 'rsv2':
      return encodeFrame({ op: 1, rsv: 2, body, mask });
    case 'rsv3':
      return encodeFrame({ op: 2, rsv: 1, body, mask });
    case 'op3':
      return encodeFrame({ op: 3, body, mask });
    case 'op7':
      return encodeFrame({ op: 7, body, mask });
    case 'op11':
      return encodeFrame({ op: 11, body, mask });
    case 'op15':
      return encodeFrame({ op: 15, body, mask });
    case 'ping-nofin':
      return encodeFrame({ op: 9, fin: false, body, mask });
    case 'ping-rsv1':
      return encodeFrame({ op: 9, rsv: 4, body, mask });
    case 'ping-long':
      return encodeFrame({ op: 9, body: Buffer.alloc(126, 65), mask });
    case 'mask':
      return encodeFrame({ op: 1, body, mask: !mask });
    case 'cont-first':
      return encodeFrame({ op: 0, body, mask });
    case 'data-inside':
      return Buffer.concat([
        encodeFrame({ op: 1, fin: false, body, mask }),
        encodeFrame({ op: 2, body, mask })
      ]);
    case 'close-1':
      return encodeFrame({ op: 8, body: Buffer.from([3]), mask });
    case 'close-code': {
      const b = Buffer.alloc(2);
      b.writeUInt16BE(f.code, 0);
      return encodeFrame({ op: 8, body: b, mask });
    }
    case 'close-utf8':
      return encodeFrame({
        op: 8,
        body: Buffer.from([3, 232, 0xc3, 0x28]),
        mask
      });
    case 'utf8':
      return encodeFrame({
        op: 1,
        body: Buffer.from([65, 66, 0xce, 0xba, 0xed, 0xa0, 0x80, 67]),
        mask
      });
    case 'utf8-split':
      return Buffer.concat([
        encodeFrame({
          op: 1,
          fin: false,
          body: Buffer.from([65, 0xce]),
          mask
        }),
        encodeFrame({ op: 0, body: Buffer.from([66]), mask })
      ]);
    case 'utf8-cut':
      return encodeFrame({
        op: 1,
        body: Buffer.from([65, 0xe2, 0x82]),
        mask
      });
    case 'huge':
      return encodeFrame({
        op: 2,
        body,
        announce: Number.MAX_SAFE_INTEGER,
        mask
      });
    case 'huge2': {
      const b = encodeFrame({ op: 2, body, announce: 5, lengthAs: 64, mask });
      b.writeBigUInt64BE(0x7fffffffffffffffn, 2);
      return b;
    }
    case 'long-form':
      return encodeFrame({
        op: 1,
        body,
        lengthAs: f.code === 16 ? 16 : 64,
        mask
      });
    case 'deflate-garbage':
      return encodeFrame({
        op: 2,
        rsv: 4,
        body: Buffer.from('fefefefefefefefe0102030405', 'hex'),
        mask
      });
    case 'deflate-bomb': {
      const packed = zlib.deflateRawSync(Buffer.alloc(f.size || 2000000), {
        finishFlush: zlib.constants.Z_SYNC_FLUSH
      });
      return encodeFrame({
        op: 2,
        rsv: 4,
        body: packed.subarray(0, packed.length - 4),
        mask
      });
    }
    case 'cont-rsv1':
      return Buffer.concat([
        encodeFrame({ op: 1, fin: false, body, mask }),
        encodeFrame({ op: 0, rsv: 4, body, mask })
      ]);
    case 'many-fragments': {
      const list = [
        encodeFrame({ op: 2, fin: false, body: Buffer.from('x'), mask })
      ];
      for (let i = 0; i < f.size; i++) {
        list.push(
          encodeFrame({
            op: 0,
            fin: false,
            body: i % 3 ? Buffer.from('y') : Buffer.alloc(0),
            mask
          })
        );
      }
      list.push(
        encodeFrame({ op: 0, fin: true, body: Buffer.from('z'), mask })
      );
      return Buffer.concat(list);
    }
    default:
      throw new Error(`no such violation: ${f.bad}`);
  }
}
