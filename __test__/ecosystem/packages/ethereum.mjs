// ethers, a client of Ethereum nodes: it takes the WebSocket for that of a browser,
// its own or one that the program makes.

import { WebSocketProvider } from 'ethers';

import { asked, note, once, say, serve, stop, WebSocket } from './help.mjs';

const BLOCK = {
  baseFeePerGas: '0x7',
  difficulty: '0x0',
  extraData: '0x',
  gasLimit: '0x1c9c380',
  gasUsed: '0x0',
  hash: `0x${'1'.repeat(64)}`,
  logsBloom: `0x${'0'.repeat(512)}`,
  miner: `0x${'0'.repeat(40)}`,
  mixHash: `0x${'0'.repeat(64)}`,
  nonce: `0x${'0'.repeat(16)}`,
  number: '0x2a',
  parentHash: `0x${'2'.repeat(64)}`,
  receiptsRoot: `0x${'0'.repeat(64)}`,
  sha3Uncles: `0x${'0'.repeat(64)}`,
  size: '0x1',
  stateRoot: `0x${'0'.repeat(64)}`,
  timestamp: '0x5',
  totalDifficulty: '0x0',
  transactions: [],
  transactionsRoot: `0x${'0'.repeat(64)}`,
  uncles: []
};
const { port, wss } = await serve(onConnection, { perMessageDeflate: true });
const url = `ws://127.0.0.1:${port}/rpc`;

{
  const provider = new WebSocketProvider(url);

  say(
    'ethers',
    (await provider.getNetwork()).chainId,
    await provider.getBlockNumber()
  );

  const numbers = await Promise.all(
    Array.from({ length: 100 }, () => provider.send('eth_blockNumber', []))
  );

  say(
    numbers.length,
    await new Promise((resolve) => provider.once('block', resolve))
  );
  try {
    await provider.send('fail', []);
  } catch (err) {
    say(err.error?.message ?? err.message);
  }
  // What it still asks for would fail.
  await provider.send('eth_chainId', []);
  await provider.destroy();
}
{
  const own = new WebSocket(url);
  const provider = new WebSocketProvider(() => own);

  say(
    'ethers, a WebSocket of its own',
    (await provider.getBlock('latest')).number
  );
  await provider.destroy();
}
{
  const own = new WebSocket(url);
  const provider = new WebSocketProvider(own);
  const closed = once(own, 'close');

  say(
    'ethers, a WebSocket that the server drops',
    (await provider.getNetwork()).chainId
  );
  own.send('{"method":"drop"}');
  say(await closed);
  await provider.destroy();
}

await stop(wss);

function onConnection(ws, request) {
  note(asked(request));
  ws.on('close', (code, reason) => note('closed', code, String(reason)));
  ws.on('message', (data) => {
    const asked = JSON.parse(data);

    if (asked.method === 'drop') ws.terminate();
    else {
      ws.send(
        JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked))
      );
    }
    if (asked.method !== 'eth_subscribe') return;
    ws.send(
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'eth_subscription',
        params: { subscription: '0x9', result: BLOCK }
      })
    );
  });
}

function answer({ id, method }) {
  const results = {
    eth_blockNumber: '0x2a',
    eth_chainId: '0x539',
    eth_getBlockByNumber: BLOCK,
    eth_subscribe: '0x9',
    eth_unsubscribe: true,
    net_version: '1337'
  };

  if (method in results) return { jsonrpc: '2.0', id, result: results[method] };
  return {
    jsonrpc: '2.0',
    id,
    error: { code: -32601, message: `no ${method}` }
  };
}
