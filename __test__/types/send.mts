// Every kind of data, and each form of the methods.
import { Blob } from 'node:buffer';
import WebSocket, { type RawData } from 'ws-rs';

declare const ws: WebSocket;
declare const raw: RawData;
const done = (err?: Error) => void err;

ws.send('text');
ws.send(1);
ws.send(Buffer.alloc(1), done);
ws.send(new Uint8Array(1), { binary: false }, done);
ws.send(new Float64Array(1).buffer);
ws.send(new DataView(new ArrayBuffer(1)));
ws.send(new SharedArrayBuffer(1), {});
ws.send([1, 2, 3]);
ws.send(new Blob([]) as globalThis.Blob);
ws.send(raw, { compress: true, fin: false, mask: true });
ws.send({ valueOf: () => 'x' });

ws.ping();
ws.ping('data');
ws.ping(Buffer.alloc(1), false);
ws.pong(1, true, done);
ws.close();
ws.close(1000);
ws.close(4000, 'reason');
ws.close(4000, Buffer.from('reason'));
ws.pause();
ws.resume();
ws.terminate();

ws.binaryType = 'arraybuffer';
const words: string = ws.protocol + ws.url + ws.extensions + ws.binaryType;
const amount: number = ws.isPaused ? ws.bufferedAmount : words.length;
export { amount };
