import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '@hawser/core';
import { seededRandom } from '@hawser/core/testing';
import { describe, expect, test } from 'vitest';
import { missing, TestNode } from './node.ts';
import { nothingLeft } from './nothing-left.ts';

/** What happens to whom; the instants are chance. */
const SEED = Number(process.env['HAWSER_SEED'] ?? 1);
const SECONDS = Number(process.env['HAWSER_STORM_SECONDS'] ?? 8);
const WORKERS = 4;
/** Beyond all deadlines of a call. */
const LONGEST_CALL_MS = 40_000;

/** The exit code of an ADD whose interface is there already. */
const CONFLICT = 103;

/** What a pod and its runtime go through. */
const FATES = ['ordinary', 'impatient', 'vanishing', 'twice', 'crossed', 'renamed', 'forgotten'] as const;
/** What others do to the node and its agent. */
const MISHAPS = ['flush', 'bridge', 'addresses', 'standstill', 'kill', 'stop', 'reload'] as const;

/** A node under way, and what has been seen on it. */
interface Storm {
  readonly node: TestNode;
  readonly random: Random;
  readonly end: AbortSignal;
  /** Address → its pod, while the runtime believes that it has it. */
  readonly holders: Map<string, string>;
  readonly faults: string[];
  /** ADDs that were answered with a result. */
  answered: number;
}

describe.skipIf(missing !== undefined)(`a node in a storm${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test(`seed ${SEED}: no address twice, no call without an answer, and nothing left`, { timeout: 120_000 + SECONDS * 1_000 }, async () => {
    await using node = await TestNode.make();
    await node.start();
    const end = new AbortController();
    const storm: Storm = { node, random: seededRandom(SEED), end: end.signal, holders: new Map(), faults: [], answered: 0 };
    const workers = Array.from({ length: WORKERS }, (_, number) => work(storm, number));
    const others = meddle(storm);
    await pause(SECONDS * 1_000);
    end.abort();
    await Promise.all([...workers, others]);
    expect(storm.faults).toEqual([]);
    expect(storm.answered).toBeGreaterThan(WORKERS);
    // Those that nobody has deleted: their namespaces are gone.
    expect(await node.cni('GC', '', 'none', { cniVersion: '1.1.0' })).toMatchObject({ code: 0 });
    await nothingLeft(node);
    expect(await node.stop()).toMatchObject({ code: 0 });
  });
});

/** One pod after the other. */
async function work(storm: Storm, number: number): Promise<void> {
  for (let round = 0; !storm.end.aborted; round++) {
    const id = `c${number}-${round}`;
    const netns = await storm.node.pod(id);
    const fate = FATES[storm.random.integer(FATES.length)];
    const vanish = (): Promise<void> => storm.node.unpod(netns);
    const add = (patienceMs?: number) => call(storm, 'ADD', netns, id, patienceMs);
    if (fate === 'impatient') await add(1 + storm.random.integer(60));
    else if (fate === 'vanishing') await Promise.all([add(), pause(storm.random.integer(20)).then(vanish)]);
    else if (fate === 'twice') await Promise.all([add(), add(1 + storm.random.integer(60))]);
    else if (fate === 'crossed') await Promise.all([add(), pause(storm.random.integer(20)).then(() => call(storm, 'DEL', netns, id))]);
    else await add();
    if (fate === 'renamed') await rename(storm);
    if (fate === 'forgotten') forget(storm, id);
    else await remove(storm, netns, id);
    if (fate === 'ordinary' || fate === 'renamed') await comeAgain(storm, netns, `${id}-again`);
    if (fate !== 'vanishing') await vanish();
  }
}

async function call(storm: Storm, command: 'ADD' | 'DEL', netns: string, id: string, patienceMs?: number): Promise<number | null> {
  const began = performance.now();
  if (command === 'DEL') forget(storm, id);
  const { code, output } = await storm.node.cni(command, netns, id, {}, patienceMs);
  if (performance.now() - began > LONGEST_CALL_MS) storm.faults.push(`${command} of ${id} took longer than its deadlines`);
  if (command === 'ADD' && code === 0) hold(storm, id, output);
  return code;
}

function hold(storm: Storm, id: string, output: string): void {
  storm.answered++;
  const { ips } = JSON.parse(output) as { readonly ips: readonly { readonly address: string }[] };
  for (const { address } of ips) {
    const holder = storm.holders.get(address);
    if (holder !== undefined && holder !== id) storm.faults.push(`${address}: ${holder} and ${id}`);
    storm.holders.set(address, id);
  }
}

/** The runtime has begun to delete it. */
function forget({ holders }: Storm, id: string): void {
  for (const [address, holder] of holders) if (holder === id) holders.delete(address);
}

/** As a runtime does, until it is told that nothing is left. */
async function remove(storm: Storm, netns: string, id: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    if ((await call(storm, 'DEL', netns, id)) === 0) return;
    await pause(200);
  }
  storm.faults.push(`no DEL of ${id} came to its end`);
}

/** What a DEL has answered for is gone: the next container of the namespace finds its interface free. */
async function comeAgain(storm: Storm, netns: string, id: string): Promise<void> {
  if ((await call(storm, 'ADD', netns, id)) === CONFLICT) storm.faults.push(`${id} found its interface taken`);
  await remove(storm, netns, id);
}

async function rename({ node, random }: Storm): Promise<void> {
  const links = await node.hostLinks();
  const link = links[random.integer(Math.max(links.length, 1))];
  if (link === undefined) return;
  await node.meddle('ip', 'link', 'set', link, 'down');
  await node.meddle('ip', 'link', 'set', link, 'name', `other${random.integer(100_000)}`);
}

async function meddle({ node, random, end }: Storm): Promise<void> {
  while (!end.aborted) {
    await pause(100 + random.integer(700));
    const mishap = MISHAPS[random.integer(MISHAPS.length)];
    if (mishap === 'flush') await node.meddle('nft', 'flush', 'ruleset');
    else if (mishap === 'bridge') await node.meddle('ip', 'link', 'del', 'hwtbr0');
    else if (mishap === 'addresses') await node.meddle('ip', 'addr', 'flush', 'dev', 'hwtbr0');
    else if (mishap === 'reload') node.signal('SIGHUP');
    else if (mishap === 'standstill') {
      node.signal('SIGSTOP');
      await pause(random.integer(1_500));
      node.signal('SIGCONT');
    } else {
      if (mishap === 'kill') await node.kill();
      else expect(await node.stop()).toMatchObject({ code: 0 });
      await node.start();
    }
  }
}
