/** How much is tried to make one input smaller. */
const MOST_TRIES = 3_000;
const LONGEST_MS = 15_000;

/**
 * The smallest input found that still fails the same way: pieces are cut out, halves first, single bytes last, and what
 * stays becomes as plain as it can.
 */
export async function minimise(input: Buffer, fails: (candidate: Buffer) => Promise<boolean>): Promise<Buffer> {
  const end = performance.now() + LONGEST_MS;
  let best = input;
  let tries = 0;
  const better = async (candidate: Buffer): Promise<boolean> => {
    if (tries++ >= MOST_TRIES || performance.now() > end || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length;) {
      if (!(await better(Buffer.concat([best.subarray(0, at), best.subarray(at + size)])))) at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    for (const plain of [0x61, 0x30, 0x00]) {
      if (best[at] === plain) break;
      const candidate = Buffer.from(best);
      candidate[at] = plain;
      if (await better(candidate)) break;
    }
  }
  return best;
}
