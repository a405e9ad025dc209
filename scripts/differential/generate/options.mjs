export function makeOptions(r, role, deflate) {
  const o = {
    closeTimeout: r.weigh([
      [80, 400],
      [20, 60]
    ])
  };
  if (deflate) {
    o.perMessageDeflate = {};
    if (r.chance(0.4)) {
      o.perMessageDeflate.threshold = r.pick([0, 10, 1024, 5000]);
    }
    if (r.chance(0.25)) o.perMessageDeflate.serverNoContextTakeover = true;
    if (r.chance(0.25)) o.perMessageDeflate.clientNoContextTakeover = true;
    if (r.chance(0.15)) {
      o.perMessageDeflate.concurrencyLimit = r.pick([1, 2, 10]);
    }
    if (r.chance(0.2)) {
      o.perMessageDeflate.zlibDeflateOptions = {
        level: r.pick([1, 3, 6, 9]),
        memLevel: r.pick([1, 5, 8])
      };
    }
  } else {
    o.perMessageDeflate = false;
  }
  if (r.chance(0.25)) o.maxPayload = r.pick([100, 1000, 65536, 250000]);
  if (r.chance(0.15)) o.maxFragments = r.pick([1, 2, 3, 10]);
  if (r.chance(0.15)) o.autoPong = false;
  if (r.chance(0.1)) o.maxPendingAutoPongs = r.pick([1, 2, 5]);
  if (r.chance(0.25)) o.allowSynchronousEvents = false;
  if (r.chance(0.15)) o.skipUTF8Validation = true;
  if (role === 'server' && r.chance(0.2)) o.clientTracking = false;
  if (role === 'client' && r.chance(0.12)) {
    o.generateMask = r.pick(['zero', 'fixed']);
  }
  return o;
}
