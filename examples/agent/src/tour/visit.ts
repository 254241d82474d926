import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installCni } from '@hawser/cni';
import { systemContext } from '@hawser/core';
import { Attachments, Claims, Events, Gc, Metadata } from '@hawser/core/contracts';
import { killWhileAttaching } from './crash.ts';
import { bareAddress, cniConfig, TOUR } from './network.ts';
import type { TourPod, TourRuntime } from './pods.ts';
import { service } from './service.ts';
import type { Tour } from './tour.ts';

const trips = (rtts: readonly number[]): string => rtts.map((rtt) => `${rtt.toFixed(2)} ms`).join(', ');

/** The path of the installed executable. */
export async function installExecutable({ folder, steps }: Tour): Promise<string> {
  const binDir = join(folder, 'bin');
  const { name, socket, tombstones } = cniConfig(folder);
  await mkdir(binDir);
  await steps.step('the executable is installed as for a container runtime', async () => {
    const installed = await installCni({ binDir, confDir: undefined, name, socket, tombstones });
    return installed.executableKind === 'compiled' ? 'compiled' : 'as a script: no C compiler was there at install';
  });
  return join(binDir, 'hawser-cni');
}

export async function attachAndPing({ steps, pods }: Tour, runtime: TourRuntime): Promise<void> {
  for (const name of ['pod-a', 'pod-b']) {
    await steps.step(`the executable attaches ${name} to the bridge`, async () => {
      const pod = await runtime.make(name);
      pods.push(pod);
      await runtime.attach(pod);
      return pod.addresses.join(', ');
    });
  }
  const [a, b] = pods;
  if (!a || !b) return;
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
export async function loseOne(tour: Tour, runtime: TourRuntime, signal: AbortSignal): Promise<void> {
  await tour.steps.step('a pod that vanished without DEL is found and its addresses freed', async () => {
    const lost = await runtime.make('pod-lost');
    await runtime.attach(lost);
    await runtime.lose(lost);
    await runtime.collect(tour.pods);
    await gone(tour, lost, signal);
    const left = service(tour.agent, Attachments).list().length;
    if (left !== tour.pods.length) throw new Error(`${left} attachments are left instead of ${tour.pods.length}`);
    return `${lost.addresses.join(', ')} cool down`;
  });
}

/** The agent dies in the middle of an ADD; the next one undoes what was half made and keeps what was made. */
export async function crashAndRecover(tour: Tour, runtime: TourRuntime, signal: AbortSignal): Promise<void> {
  const { steps, pods, folder, configFile } = tour;
  const pod = await runtime.make('pod-c');
  pods.push(pod);
  await steps.step('the agent restarts as a process of its own, and is killed (SIGKILL) while it attaches pod-c', async () => {
    await tour.stop();
    return killWhileAttaching(runtime, pod, {
      configFile,
      socket: join(folder, 'state', 'hawser.sock'),
      clock: systemContext.clock,
      signal,
    });
  });
  await tour.boot('the agent boots again on what was left');
  await steps.step('the other pods went on, and the same ADD works', async () => {
    const [a, b] = pods;
    if (!a || !b) throw new Error('there are no other pods');
    await runtime.attach(pod);
    await runtime.ping(a, [...b.addresses, ...pod.addresses]);
    const held = heldClaims(tour).map(({ key }) => key);
    if (held.length !== pods.length * TOUR.ranges.length) throw new Error(`${held.length} addresses are held by ${pods.length} pods`);
    return `${pod.addresses.join(', ')}; ${held.length} addresses held by ${pods.length} pods, none twice`;
  });
}

export async function detachAll(tour: Tour, runtime: TourRuntime, signal: AbortSignal): Promise<void> {
  const { steps, pods, host } = tour;
  await steps.step('the executable detaches all', async () => {
    for (const pod of pods) await runtime.stop(pod);
    return `${pods.length} pods gone`;
  });
  await steps.step('nothing is held any more', async () => {
    for (const pod of pods) await gone(tour, pod, signal);
    const held = heldClaims(tour);
    const ports = (await host.own.links()).filter((link) => link.master !== undefined);
    if (held.length + ports.length > 0) throw new Error(`${held.length} claims and ${ports.length} bridge ports are left`);
    await host.own.deleteLink(TOUR.bridge);
    await host.own.deleteLink(TOUR.world.link);
    return 'no claim, no link';
  });
}

/** The journal of the tour, as `hawser events` would show it. */
export function whatHappened({ agent }: Tour): string {
  const lines = Array.from(service(agent, Events).history({ topics: ['/attachments/'] }), ({ timestamp, topic, data }) => {
    const { containerId, ips } = data;
    const who = typeof containerId === 'string' ? containerId : '';
    return `  ${timestamp.slice(11, 23)}  ${topic.padEnd(26)} ${who} ${Array.isArray(ips) ? ips.join(' ') : ''}`.trimEnd();
  });
  return ['', 'What the journal holds:', ...lines, ''].join('\n');
}

function heldClaims({ agent }: Tour) {
  const claims = service(agent, Claims);
  return service(agent, Metadata).read('state', (tx) => Array.from(claims.list(tx)).filter((claim) => claim.state !== 'cooling'));
}

/** A DEL answers when the link is silent; its addresses are free only when the kernel has deleted it. */
function gone({ agent }: Tour, { containerId }: TourPod, signal: AbortSignal): Promise<void> {
  return service(agent, Gc).finished({ type: 'attachment', key: `${containerId}/eth0` }, { signal });
}
