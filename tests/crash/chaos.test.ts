import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { missing, TestNode } from './node.ts';
import { nothingLeft } from './nothing-left.ts';

const WORKERS = 4;
const KILLS = 8;

/** What the workers have seen. */
interface Seen {
  adds: number;
  readonly holders: Map<string, string>;
  readonly doubles: string[];
}

describe.skipIf(missing !== undefined)(`pods that come and go${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test(`while the agent is killed ${KILLS} times at random: no address twice, and nothing left`, { timeout: 120_000 }, async () => {
    await using node = await TestNode.make();
    await node.start();
    const seen: Seen = { adds: 0, holders: new Map(), doubles: [] };
    const end = new AbortController();
    const workers = Array.from({ length: WORKERS }, (_, number) => comeAndGo(node, number, seen, end.signal));
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(200 + Math.random() * 800);
      await node.kill();
      await node.start();
    }
    end.abort();
    await Promise.all(workers);
    expect(seen.doubles).toEqual([]);
    expect(seen.adds).toBeGreaterThan(WORKERS);
    await nothingLeft(node);
    expect(await node.stop()).toMatchObject({ code: 0 });
  });
});

/** One pod after the other, as a runtime that repeats what it was told to repeat. */
async function comeAndGo(node: TestNode, number: number, seen: Seen, end: AbortSignal): Promise<void> {
  const netns = await node.pod(`pod${number}`);
  for (let round = 0; !end.aborted; round++) {
    const id = `c${number}-${round}`;
    const added = await node.cni('ADD', netns, id);
    const addresses = added.code === 0 ? addressesOf(added.output) : [];
    seen.adds += addresses.length > 0 ? 1 : 0;
    for (const address of addresses) {
      const holder = seen.holders.get(address);
      if (holder !== undefined) seen.doubles.push(`${address}: ${holder} and ${id}`);
      seen.holders.set(address, id);
    }
    await pause(Math.random() * 20);
    for (const address of addresses) seen.holders.delete(address);
    expect(await node.cni('DEL', netns, id)).toMatchObject({ code: 0 });
  }
}

const addressesOf = (output: string): readonly string[] =>
  (JSON.parse(output) as { readonly ips: readonly { readonly address: string }[] }).ips.map(({ address }) => address);
