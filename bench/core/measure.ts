/**
 * `node measure.ts FOLDER NAME SIZE`: one measurement on an agent of core plugins alone, in a process of its own, as the
 * peer's are. Prints a line of JSON: {"unit":"ms","samples":[…]}, a sample an operation or a pass.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { loadConfig, systemContext } from '@hawser/core';
import { type Agent, corePlugins, createLog, startAgent } from '@hawser/core/agent';
import { Events, Gc, Leases, Metadata, Snapshots, type Snapshotter, type Transaction } from '@hawser/core/contracts';
import { percentile } from '../statistics.ts';

// As the agent does, bin/hawser.js.
setFlagsFromString('--semi-space-growth-factor=1');

const [folder = '', name = '', sizeText = ''] = process.argv.slice(2);
const never = new AbortController().signal;
const BATCH = 1_000;
/** Of collections: an agent makes them as long as it runs. Those of 100,000 take their time. */
const roundsOf = (size: number): number => (size <= 10_000 ? 15 : 5);
const CYCLES = 300;
const AT_ONCE = 100;
const STATS = 300_000;

type Thing = Snapshotter<Record<string, never>>;

async function open(): Promise<Agent> {
  const file = join(folder, 'config.toml');
  writeFileSync(file, `version = 1\nroot = "${join(folder, 'root')}"\nstate = "${join(folder, 'state')}"\n`);
  const config = await loadConfig({ file, plugins: corePlugins, missingOk: false, environment: {} });
  const log = await createLog({ level: 'warn', pretty: false, color: false });
  return startAgent({ name: 'bench', version: '0', config, context: systemContext, log });
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a service of the core is missing');
  return value;
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function repeated(times: number, work: (turn: number) => unknown): Promise<number[]> {
  const samples: number[] = [];
  for (let turn = 0; turn < times; turn++) samples.push(await timed(() => work(turn)));
  return samples;
}

const things = (agent: Agent): Thing => must(agent.get(Snapshots)).open({ type: 'thing', store: 'root', quiet: false });

const nameOf = (at: number): string => `c${String(at).padStart(6, '0')}`;

/** Committed snapshots; of each hundred, `garbage` have no root. One has the label that a filter looks for. */
async function fill(agent: Agent, thing: Thing, size: number, garbage: number): Promise<void> {
  const metadata = must(agent.get(Metadata));
  const make = (tx: Transaction, at: number): unknown =>
    thing.prepare(tx, nameOf(at), {
      data: {},
      committed: true,
      labels: { mark: at === Math.floor(size / 2) ? 'wanted' : 'other', ...(at % 100 >= garbage ? { 'gc.root': 'yes' } : {}) },
    });
  for (let from = 0; from < size; from += BATCH) {
    await metadata.write('root', (tx) => {
      for (let at = from; at < Math.min(from + BATCH, size); at++) make(tx, at);
    });
  }
}

async function leaseCycle(agent: Agent, times: number): Promise<number[]> {
  const [metadata, leases] = [must(agent.get(Metadata)), must(agent.get(Leases))];
  return repeated(times, async () => {
    const { id } = await metadata.write('root', (tx) => leases.create(tx));
    await metadata.write('root', (tx) => leases.delete(tx, id));
  });
}

async function leaseWriters(agent: Agent, size: number): Promise<number[]> {
  const [metadata, leases] = [must(agent.get(Metadata)), must(agent.get(Leases))];
  const writer = async (at: number): Promise<void> => {
    for (let turn = 0; turn < size; turn++) {
      await metadata.write('root', (tx) => {
        const { id } = leases.create(tx);
        for (const side of [0, 1]) leases.addResource(tx, id, { type: 'thing', key: `${at}-${turn}-${side}` });
      });
    }
  };
  const whole = await repeated(5, () => Promise.all(Array.from({ length: 64 }, (_, at) => writer(at))));
  return whole.map((ms) => ms / (64 * size));
}

async function snapshotCycle(agent: Agent, times: number, thing = things(agent)): Promise<number[]> {
  const metadata = must(agent.get(Metadata));
  return repeated(times, async (turn) => {
    await metadata.write('root', (tx) => thing.prepare(tx, `new${turn}`, { data: {}, labels: { 'gc.root': 'yes' } }));
    await metadata.write('root', (tx) => thing.commit(tx, `new${turn}`));
    await metadata.write('root', (tx) => thing.remove(tx, `new${turn}`));
  });
}

/** The same among so many others. */
async function leasesAmong(agent: Agent, size: number): Promise<number[]> {
  const [metadata, leases] = [must(agent.get(Metadata)), must(agent.get(Leases))];
  for (let from = 0; from < size; from += BATCH) {
    await metadata.write('root', (tx) => {
      for (let at = from; at < Math.min(from + BATCH, size); at++) leases.create(tx, { id: nameOf(at) });
    });
  }
  return leaseCycle(agent, CYCLES);
}

async function snapshotsAmong(agent: Agent, size: number): Promise<number[]> {
  const thing = things(agent);
  await fill(agent, thing, size, 0);
  return snapshotCycle(agent, CYCLES, thing);
}

async function walk(agent: Agent, size: number, filters: readonly string[]): Promise<number[]> {
  const snapshots = must(agent.get(Snapshots));
  await fill(agent, things(agent), size, 0);
  return repeated(20, async () => {
    let found = 0;
    for await (const _ of snapshots.walk({ store: 'root', filters, signal: never })) found++;
    if (found !== (filters.length > 0 ? 1 : size)) throw new Error(`${found} of ${size} snapshots were found`);
  });
}

/** As many whatever there is, in an order that jumps; a hundred at once, for one takes less than the clock costs. */
async function stat(agent: Agent, size: number): Promise<number[]> {
  const [metadata, thing] = [must(agent.get(Metadata)), things(agent)];
  await fill(agent, thing, size, 0);
  const whole = await repeated(STATS / AT_ONCE, (turn) => {
    for (let at = turn * AT_ONCE; at < (turn + 1) * AT_ONCE; at++)
      metadata.read('root', (tx) => thing.stat(tx, nameOf((at * 7_919) % size)));
  });
  return whole.map((ms) => ms / AT_ONCE);
}

/**
 * Collections with nobody else at work, as the peer's are timed; then as many beside a writer, whose longest wait goes to
 * standard error.
 */
async function collect(agent: Agent, size: number, garbage: number): Promise<number[]> {
  const [metadata, gc, thing] = [must(agent.get(Metadata)), must(agent.get(Gc)), things(agent)];
  const samples: number[] = [];
  for (let round = 0; round < roundsOf(size); round++) {
    await fillMissing(agent, thing, size, garbage);
    samples.push(await timed(() => gc.run({ signal: never })));
  }
  for (let round = 0; round < roundsOf(size); round++) {
    await fillMissing(agent, thing, size, garbage);
    const ended = new AbortController();
    const writes = writerWaits(metadata, ended.signal);
    await gc.run({ signal: never });
    ended.abort();
    const waits = await writes;
    console.error(JSON.stringify({ writes: waits.length, longestWaitMs: percentile(waits, 100), p99WaitMs: percentile(waits, 99) }));
  }
  return samples;
}

async function fillMissing(agent: Agent, thing: Thing, size: number, garbage: number): Promise<void> {
  const metadata = must(agent.get(Metadata));
  if (metadata.read('root', (tx) => thing.get(tx, nameOf(size - 1))) === undefined) return fill(agent, thing, size, garbage);
  const gone = Array.from({ length: size }, (_, at) => at).filter((at) => at % 100 < garbage);
  for (let from = 0; from < gone.length; from += BATCH) {
    await metadata.write('root', (tx) => {
      for (const at of gone.slice(from, from + BATCH))
        thing.prepare(tx, nameOf(at), { data: {}, committed: true, labels: { mark: 'other' } });
    });
  }
}

/** How long a small write in the other store takes, one after the other, until told to end. */
async function writerWaits(metadata: Metadata, signal: AbortSignal): Promise<number[]> {
  const waits: number[] = [];
  do {
    waits.push(await timed(() => metadata.write('state', () => undefined)));
    await new Promise((resolve) => setImmediate(resolve));
  } while (!signal.aborted);
  return waits;
}

/** The time per event until the slowest subscriber has it, over all events of a pass; with the journal, as always. */
async function deliver(agent: Agent, size: number, subscribers: number): Promise<number[]> {
  const [metadata, events] = [must(agent.get(Metadata)), must(agent.get(Events))];
  const whole = await repeated(5, async () => {
    const ended = new AbortController();
    const readers = Array.from({ length: subscribers }, async () => {
      let seen = 0;
      for await (const event of events.subscribe({ signal: ended.signal, topics: ['/bench/event'], queue: size })) {
        if (!('cursor' in event)) throw new Error('an event was dropped');
        if (++seen === size) return;
      }
    });
    for (let from = 0; from < size; from += BATCH) {
      await metadata.write('state', (tx) => {
        for (let at = from; at < Math.min(from + BATCH, size); at++) events.publish(tx, { topic: '/bench/event', data: { id: 'one' } });
      });
    }
    await Promise.all(readers);
    ended.abort();
  });
  return whole.map((ms) => ms / size);
}

async function reopen(first: Agent, size: number): Promise<number[]> {
  let agent = first;
  await fill(agent, things(agent), size, 0);
  const samples: number[] = [];
  for (let round = 0; round < 5; round++) {
    await agent.stop('the next opening');
    const began = performance.now();
    agent = await open();
    must(agent.get(Metadata)).read('root', (tx) => things(agent).get(tx, nameOf(0)));
    samples.push(performance.now() - began);
  }
  await agent.stop('done');
  return samples;
}

const MEASURES: Readonly<Record<string, (agent: Agent, size: number) => Promise<number[]>>> = {
  lease: leaseCycle,
  'lease-writers': leaseWriters,
  snapshot: (agent, size) => snapshotCycle(agent, size),
  'lease-among': leasesAmong,
  'snapshot-among': snapshotsAmong,
  walk: (agent, size) => walk(agent, size, []),
  'walk-filter': (agent, size) => walk(agent, size, ['labels.mark==wanted']),
  stat,
  gc: (agent, size) => collect(agent, size, 0),
  'gc-garbage': (agent, size) => collect(agent, size, 10),
  'events-1': (agent, size) => deliver(agent, size, 1),
  'events-10': (agent, size) => deliver(agent, size, 10),
  'events-100': (agent, size) => deliver(agent, size, 100),
  reopen,
};

const agent = await open();
const samples = await MEASURES[name]?.(agent, Number(sizeText));
await agent.stop('done');
if (samples === undefined) throw new Error(`no such measurement: ${name}`);
process.stdout.write(`${JSON.stringify({ unit: 'ms', samples })}\n`);
