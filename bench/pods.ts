import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { must } from '../tests/clients/harness/command.ts';
import type { Row } from './rows.ts';
import type { Side } from './side.ts';
import type { Program, Spawner, Timing } from './spawner.ts';
import { summarize } from './statistics.ts';

/** What a benchmark of CNI calls works with. */
export interface Bench {
  readonly folder: string;
  readonly spawner: Spawner;
  /** Ours first; alone where the reference is not installed. */
  readonly sides: readonly Side[];
  /** Paths of namespaces made for it. */
  readonly namespaces: readonly string[];
}

/** The ratios that the current road has to keep. */
const TARGETS = { add: 0.4, del: 0.3, parallelAdd: 0.5, parallelDel: 0.3 };

const SETTLE_MS = 30_000;

let calls = 0;

/** Makes the namespaces; they go with the sandbox. */
export async function makeNamespaces(count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, at) => `hwt-b${at}`);
  for (const name of names) await must('ip', ['netns', 'add', name]);
  return names.map((name) => `/run/netns/${name}`);
}

/** One CNI call. */
export function program(
  { folder }: Pick<Bench, 'folder'>,
  side: Side,
  command: string,
  masquerade: boolean,
  pod?: { readonly id: string; readonly netns: string },
): Program {
  const env = {
    CNI_COMMAND: command,
    CNI_PATH: side.pluginPath,
    ...(pod === undefined ? {} : { CNI_CONTAINERID: pod.id, CNI_NETNS: pod.netns, CNI_IFNAME: 'eth0' }),
  };
  return {
    path: side.executable,
    input: side.config({ masquerade }),
    output: join(folder, `out-${pod === undefined ? 'version' : pod.netns.slice('/run/netns/'.length)}`),
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
  };
}

/** Waits until no link of a pod is left, so that nothing of one side runs on under the measurement of the other; milliseconds. */
export async function settled(): Promise<number> {
  const began = performance.now();
  while ((await must('ip', ['-o', 'link', 'show', 'type', 'veth'])).trim() !== '') {
    if (performance.now() - began > SETTLE_MS) throw new Error(`links are left ${SETTLE_MS} ms after their DEL`);
    await delay(1);
  }
  return performance.now() - began;
}

/** What a program costs that does nothing, and VERSION. */
export async function measureVersion(bench: Bench, rounds: number): Promise<readonly Row[]> {
  const nothing: Program = { path: '/bin/true', input: '/dev/null', output: '/dev/null', env: {} };
  const series = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    note(series, 'spawn', await bench.spawner.time([nothing]));
    for (const side of bench.sides) note(series, side.label, await bench.spawner.time([program(bench, side, 'VERSION', false)]));
  }
  return [{ name: 'starting /bin/true', unit: 'ms', ours: summarize(series.get('spawn') ?? []) }, row('VERSION', series, '')];
}

/** ADD and DEL of `width` pods at once, the sides in turn, so that noise meets both. */
export async function measurePods(bench: Bench, width: number, rounds: number, masquerade: boolean): Promise<readonly Row[]> {
  const series = new Map<string, number[]>();
  for (let round = -1; round < rounds; round++) {
    const kept = round < 0 ? new Map<string, number[]>() : series; // the first round makes the bridges
    for (const side of round % 2 === 0 ? bench.sides : bench.sides.toReversed()) {
      const pods = Array.from({ length: width }, (_, at) => ({
        id: `bench-${++calls}`,
        netns: bench.namespaces[(round + 1 + at) % bench.namespaces.length] ?? '',
      }));
      for (const command of ['ADD', 'DEL']) {
        note(kept, `${side.label} ${command}`, await bench.spawner.time(pods.map((pod) => program(bench, side, command, masquerade, pod))));
      }
      const lastDel = kept.get(`${side.label} DEL`)?.at(-1) ?? 0;
      push(kept, `${side.label} gone`, lastDel + (await settled()));
    }
  }
  const what = (command: string): string => `${width === 1 ? '' : `${width} parallel `}${command}${masquerade ? ' with ipMasq' : ''}`;
  const targets = width === 1 ? [TARGETS.add, TARGETS.del] : [TARGETS.parallelAdd, TARGETS.parallelDel];
  const compared = ['ADD', 'DEL'].map((command, at) => ({
    ...row(what(command), series, ` ${command}`),
    target: { ratio: targets[at] ?? 1 },
  }));
  return [...compared, row(`${what('DEL')}, until the links are gone`, series, ' gone')];
}

function note(series: Map<string, number[]>, name: string, timing: Timing): void {
  push(series, name, timing.total);
}

function push(series: Map<string, number[]>, name: string, value: number): void {
  series.set(name, [...(series.get(name) ?? []), value]);
}

function row(name: string, series: ReadonlyMap<string, readonly number[]>, suffix: string): Row {
  const reference = series.get(`reference${suffix}`);
  const ours = summarize(series.get(`ours${suffix}`) ?? []);
  return { name, unit: 'ms', ours, ...(reference === undefined ? {} : { reference: summarize(reference) }) };
}
