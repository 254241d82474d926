import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCni } from '@hawser/cni';
import { type AnyPlugin, deadlineSignal, loadConfig, renderBootTree, systemContext } from '@hawser/core';
import { type Agent, startAgent } from '@hawser/core/agent';
import { Attachments, Claims, Events, Gc, Host, Metadata } from '@hawser/core/contracts';
import type { Logger } from 'pino';
import { bareAddress, cniConfig, makeWorld, TOUR, tourConfig } from './network.ts';
import type { Place } from './place.ts';
import { type TourPod, TourRuntime } from './pods.ts';
import { Steps, type StepReporter } from './steps.ts';

export interface TourOptions {
  readonly plugins: readonly AnyPlugin[];
  readonly version: string;
  readonly place: Place;
  readonly log: Logger;
  readonly reporter: StepReporter & { note(text: string): void };
  /** Ends the tour early. */
  readonly signal: AbortSignal;
  /** What happens between the last step and the farewell: nothing, or serving until the signal. */
  readonly pause: (agent: Agent, folder: string) => Promise<void>;
}

/** How long all of the tour's own calls together may take, serving excluded. */
const TOUR_DEADLINE_MS = 60_000;

/** Boots the reference agent in a folder of its own, shows what it does, and leaves nothing behind. Resolves with whether every step held. */
export async function takeTour(options: TourOptions): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-try-'));
  const steps = new Steps(options.reporter);
  try {
    await mkdir(join(folder, 'ns'));
    const agent = await bootAgent(options, folder, steps);
    if (!agent) return false;
    const pods: TourPod[] = [];
    try {
      await visit(agent, options, folder, steps, pods);
    } finally {
      await steps.step('the agent stops and leaves nothing behind', () => stopAgent(agent));
    }
    return steps.allHeld;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bootAgent(options: TourOptions, folder: string, steps: Steps): Promise<Agent | undefined> {
  let agent: Agent | undefined;
  await steps.step('the agent boots on an embedded store', async () => {
    const file = join(folder, 'config.toml');
    await writeFile(file, tourConfig(folder, options.place === 'simulated' ? 'simulated' : 'linux'));
    const config = await loadConfig({ file, plugins: options.plugins, missingOk: false });
    agent = await startAgent({ name: 'hawser', version: options.version, config, context: systemContext, log: options.log, signal: options.signal });
    return `ready in ${Math.round(agent.bootMs)} ms`;
  });
  if (agent) options.reporter.note(renderBootTree(agent.reports(), agent.bootMs));
  return agent;
}

async function visit(agent: Agent, options: TourOptions, folder: string, steps: Steps, pods: TourPod[]): Promise<void> {
  const host = need(agent, Host);
  using calls = deadlineSignal(systemContext.clock, TOUR_DEADLINE_MS, 'the tour', options.signal);
  const executable = await installExecutable(folder, steps);
  const world = `${folder}/ns/world`;
  await makeWorld(host, world);
  try {
    const runtime = new TourRuntime(host, executable, cniConfig(folder), folder, calls.signal);
    await attachAndPing(runtime, steps, pods);
    await loseOne(runtime, agent, steps, pods, calls.signal);
    options.reporter.note(whatHappened(agent));
    if (!options.signal.aborted) await options.pause(agent, folder);
    using farewell = deadlineSignal(systemContext.clock, TOUR_DEADLINE_MS, 'the end of the tour');
    await detachAll(runtime.until(farewell.signal), agent, steps, pods, farewell.signal);
  } finally {
    for (const pod of pods) await host.deleteNamespace(pod.netns).catch(() => {});
    await host.deleteNamespace(world).catch(() => {});
  }
}

async function installExecutable(folder: string, steps: Steps): Promise<string> {
  const binDir = join(folder, 'bin');
  const { name, socket } = cniConfig(folder);
  await mkdir(binDir);
  await steps.step('the executable is installed as for a container runtime', async () => {
    const installed = await installCni({ binDir, confDir: undefined, name, socket, tombstones: join(folder, 'root', 'tombstones') });
    return installed.executableKind === 'compiled' ? 'compiled' : 'as a script: no C compiler was there at install';
  });
  return join(binDir, 'hawser-cni');
}

async function attachAndPing(runtime: TourRuntime, steps: Steps, pods: TourPod[]): Promise<void> {
  for (const name of ['pod-a', 'pod-b']) {
    await steps.step(`the executable attaches ${name} to the bridge`, async () => {
      const pod = await runtime.run(name);
      pods.push(pod);
      return pod.addresses.join(', ');
    });
  }
  const [a, b] = pods;
  if (!a || !b) return;
  const trips = (rtts: readonly number[]) => rtts.map((rtt) => `${rtt.toFixed(2)} ms`).join(', ');
  await steps.step('pod-a pings pod-b, both families', async () => trips(await runtime.ping(a, b.addresses)));
  await steps.step('pod-b pings a host beyond the node that knows no way back but the node', async () =>
    trips(await runtime.ping(b, TOUR.world.host.map(bareAddress))),
  );
  await steps.step('CHECK finds both as they were made', async () => {
    for (const pod of [a, b]) await runtime.check(pod);
    return 'interfaces, addresses, routes, bridge port, masquerading';
  });
}

/** A pod whose runtime forgets it: what other agents leak. */
async function loseOne(runtime: TourRuntime, agent: Agent, steps: Steps, pods: readonly TourPod[], signal: AbortSignal): Promise<void> {
  await steps.step('a pod that vanished without DEL is found and its addresses freed', async () => {
    const lost = await runtime.run('pod-lost');
    await runtime.lose(lost);
    await runtime.collect(pods);
    await gone(agent, lost, signal);
    const left = need(agent, Attachments).list().length;
    if (left !== pods.length) throw new Error(`${left} attachments are left instead of ${pods.length}`);
    return `${lost.addresses.join(', ')} cool down`;
  });
}

async function detachAll(runtime: TourRuntime, agent: Agent, steps: Steps, pods: readonly TourPod[], signal: AbortSignal): Promise<void> {
  const host = need(agent, Host);
  await steps.step('the executable detaches both', async () => {
    for (const pod of pods) await runtime.stop(pod);
    return `${pods.length} pods gone`;
  });
  await steps.step('nothing is held any more', async () => {
    for (const pod of pods) await gone(agent, pod, signal);
    const held = need(agent, Metadata).read('state', (tx) => Array.from(need(agent, Claims).list(tx)).filter((claim) => claim.state !== 'cooling'));
    const ports = (await host.own.links()).filter((link) => link.master !== undefined);
    if (held.length + ports.length > 0) throw new Error(`${held.length} claims and ${ports.length} bridge ports are left`);
    await host.own.deleteLink(TOUR.bridge);
    await host.own.deleteLink(TOUR.world.link).catch(() => {});
    return 'no claim, no link';
  });
}

/** A DEL answers when the link is silent; its addresses are free only when the kernel has deleted it. */
function gone(agent: Agent, { containerId }: TourPod, signal: AbortSignal): Promise<void> {
  return need(agent, Gc).finished({ type: 'attachment', key: `${containerId}/eth0` }, { signal });
}

async function stopAgent(agent: Agent): Promise<string> {
  const report = await agent.stop('the tour is over');
  const [first] = report.errors;
  if (first) throw first.error;
  return `in ${Math.round(report.durationMs)} ms`;
}

/** The journal of the tour, as `hawser events` would show it. */
function whatHappened(agent: Agent): string {
  const lines = Array.from(need(agent, Events).history({ topics: ['/attachments/'] }), ({ timestamp, topic, data }) => {
    const { containerId, ips } = data;
    const who = typeof containerId === 'string' ? containerId : '';
    return `  ${timestamp.slice(11, 23)}  ${topic.padEnd(26)} ${who} ${Array.isArray(ips) ? ips.join(' ') : ''}`.trimEnd();
  });
  return ['', 'What the journal holds:', ...lines, ''].join('\n');
}

function need<T>(agent: Agent, token: Parameters<typeof agent.get<T>>[0]): T {
  const value = agent.get(token);
  if (value === undefined) throw new Error(`${token.id} does not run`);
  return value;
}
