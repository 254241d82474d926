import { HawserError } from '@hawser/core';
import type { Namespace } from '@hawser/core/network';
import { testContext } from '@hawser/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSimulatedHost, type SimulatedHost, SimulatedKernel } from './index.ts';

const PATHS = ['/ns/a', '/ns/b'] as const;
const NAMES = ['eth0', 'port0', 'br0'] as const;
const ADDRESSES = ['10.88.0.5/24', '10.88.0.6/24', '10.88.0.7/32', '10.0.0.1/8', 'fd00:88::5/64', 'fd00:88::6/64', 'fd00::7/128'] as const;
const DESTINATIONS = ['0.0.0.0/0', '10.99.0.0/16', '::/0', 'fd00:99::/64'] as const;
const GATEWAYS = ['10.88.0.1', '10.88.0.6', 'fd00:88::1', 'fe80::1'] as const;

interface World {
  readonly kernel: SimulatedKernel;
  host: SimulatedHost;
}

/** One step, in words for the counterexample. */
interface Step {
  readonly words: string;
  run(world: World): Promise<unknown>;
}

/** A step on a namespace that is opened for it and closed again. */
function inside(path: string, words: string, run: (namespace: Namespace, world: World) => Promise<unknown>): Step {
  return {
    words: `${path}: ${words}`,
    async run(world) {
      using namespace = await world.host.openNamespace(path);
      await run(namespace, world);
    },
  };
}

const path = fc.constantFrom(...PATHS);
const name = fc.constantFrom(...NAMES);
const cidr = fc.constantFrom(...ADDRESSES);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const step: fc.Arbitrary<Step> = fc.oneof(
  path.map((at): Step => ({ words: `create ${at}`, run: async ({ host }) => host.createNamespace(at) })),
  path.map((at): Step => ({ words: `delete ${at}`, run: async ({ host }) => host.deleteNamespace(at) })),
  fc
    .record({ at: path, near: name, there: path, far: name, up: fc.boolean(), master: maybe(name) })
    .map(({ at, near, there, far, up, master }) =>
      inside(at, `veth ${near} to ${there} ${far}`, async (namespace, { host }) => {
        using other = await host.openNamespace(there);
        await namespace.createVeth({
          name: near,
          up,
          peer: { namespace: other, name: far, up },
          ...(master === undefined ? {} : { master }),
        });
      }),
    ),
  fc
    .record({ at: path, link: name, up: fc.boolean() })
    .map(({ at, link, up }) => inside(at, `bridge ${link}`, (namespace) => namespace.createBridge({ name: link, up }))),
  fc.record({ at: path, link: name }).map(({ at, link }) => inside(at, `delete ${link}`, (namespace) => namespace.deleteLink(link))),
  fc
    .record({ at: path, link: name })
    .map(({ at, link }) => inside(at, `retire ${link}`, async (namespace) => (await namespace.retireLink(link)).settled)),
  fc
    .record({
      at: path,
      link: name,
      up: maybe(fc.boolean()),
      to: maybe(name),
      master: fc.option(name),
      mtu: maybe(fc.constantFrom(1_000, 1_400)),
    })
    .map(({ at, link, up, to, master, mtu }) => {
      const settings = {
        master,
        ...(up === undefined ? {} : { up }),
        ...(to === undefined ? {} : { name: to }),
        ...(mtu === undefined ? {} : { mtu }),
      };
      return inside(at, `set ${link} ${JSON.stringify(settings)}`, (namespace) => namespace.setLink(link, settings));
    }),
  fc
    .record({ at: path, link: name, address: cidr })
    .map(({ at, link, address }) =>
      inside(at, `address ${address} on ${link}`, (namespace) => namespace.addAddress({ link, cidr: address })),
    ),
  fc
    .record({ at: path, link: name, address: cidr })
    .map(({ at, link, address }) =>
      inside(at, `no address ${address} on ${link}`, (namespace) => namespace.deleteAddress({ link, cidr: address })),
    ),
  fc
    .record({ at: path, dst: fc.constantFrom(...DESTINATIONS), link: maybe(name), gateway: maybe(fc.constantFrom(...GATEWAYS)) })
    .map(({ at, dst, link, gateway }) => {
      const route = { dst, ...(link === undefined ? {} : { link }), ...(gateway === undefined ? {} : { gateway }) };
      return inside(at, `route ${JSON.stringify(route)}`, (namespace) => namespace.replaceRoute(route));
    }),
  fc
    .record({ at: path, dst: fc.constantFrom(...DESTINATIONS) })
    .map(({ at, dst }) => inside(at, `no route ${dst}`, (namespace) => namespace.deleteRoute({ dst }))),
  fc
    .record({ at: path, link: name, address: fc.constantFrom('10.88.0.9', 'fd00:88::9') })
    .map(({ at, link, address }) =>
      inside(at, `neighbour ${address} on ${link}`, (namespace) => namespace.setNeighbour({ link, address, mac: '0a:58:00:00:00:01' })),
    ),
  fc
    .record({ at: path, link: name, value: fc.constantFrom('0', '1') })
    .map(({ at, link, value }) =>
      inside(at, `disable_ipv6 ${value} on ${link}`, (namespace) => namespace.setSysctl(`net.ipv6.conf.${link}.disable_ipv6`, value)),
    ),
  fc
    .record({ at: path, to: fc.constantFrom('10.88.0.5', '10.88.0.6', 'fd00:88::5', '192.0.2.1') })
    .map(({ at, to }): Step => ({ words: `trace ${at} ${to}`, run: async ({ kernel }) => kernel.trace(at, to) })),
  fc.constant<Step>({
    words: 'the agent dies and starts again',
    run: async (world) => {
      world.host.sever();
      world.host = openSimulatedHost(world.kernel);
    },
  }),
);

const steps = fc
  .array(step, { minLength: 1, maxLength: 50, size: 'max' })
  .map((list) => Object.assign(list, { [fc.toStringMethod]: () => list.map(({ words }) => words).join('\n') }));

function world(): World {
  const kernel = new SimulatedKernel({ context: { clock: testContext().clock } });
  for (const at of PATHS) kernel.createNamespace(at);
  return { kernel, host: openSimulatedHost(kernel) };
}

/** A world that sequences need not build first: a bridge, a pod on it, addresses and a route. */
async function furnished(): Promise<World> {
  const now = world();
  using node = await now.host.openNamespace('/ns/a');
  using pod = await now.host.openNamespace('/ns/b');
  await node.createBridge({ name: 'br0', up: true });
  await node.addAddress({ link: 'br0', cidr: '10.88.0.6/24' });
  await node.createVeth({ name: 'port0', master: 'br0', hairpin: true, up: true, peer: { namespace: pod, name: 'eth0', up: true } });
  for (const address of ADDRESSES) await pod.addAddress({ link: 'eth0', cidr: address });
  await pod.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.88.0.1', source: '10.88.0.5' });
  await pod.setNeighbour({ link: 'eth0', address: '10.88.0.9', mac: '0a:58:00:00:00:01' });
  return now;
}

/** Runs a step; refusals are part of life, but each is an error of the host's catalogue. */
async function attempt(now: World, { run }: Step): Promise<void> {
  try {
    await run(now);
  } catch (error) {
    if (!(error instanceof HawserError) || !error.code.startsWith('host.') || error.code === 'host.kernel') throw error;
  }
}

describe('the laws of a kernel', () => {
  it('hold after every step of any sequence', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const now = await furnished();
        for (const next of sequence) {
          await attempt(now, next);
          expect(now.kernel.inconsistencies()).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('let a refused step change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const now = await furnished();
        for (const next of sequence) {
          const before = JSON.stringify(now.kernel.snapshot());
          const refused = await next.run(now).then(
            () => false,
            // A refused master is the one thing that leaves a trace: the link has left its bridge for it.
            (error: unknown) => error instanceof HawserError && error.code !== 'host.not_supported',
          );
          if (refused) expect(JSON.stringify(now.kernel.snapshot())).toBe(before);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('leave nothing when every namespace has gone', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const now = await furnished();
        const pristine = JSON.stringify(new SimulatedKernel({ context: { clock: testContext().clock } }).snapshot());
        for (const next of sequence) await attempt(now, next);
        for (const at of PATHS) await now.host.deleteNamespace(at).catch(() => {});
        expect(JSON.stringify(now.kernel.snapshot())).toBe(pristine);
      }),
      { numRuns: 150 },
    );
  });

  it('tell watchers all that changes', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const now = await furnished();
        using namespace = await openSimulatedHost(now.kernel).openNamespace('/ns/a');
        const abort = new AbortController();
        const events = await namespace.watch(abort.signal);
        const told = new Map<number, string>((await namespace.links()).map((link) => [link.index, JSON.stringify(link)]));
        const reading = (async () => {
          for await (const event of events) {
            if (event.type !== 'link') continue;
            if (event.change === 'removed') told.delete(event.link.index);
            else told.set(event.link.index, JSON.stringify(event.link));
          }
        })();
        for (const next of sequence) await attempt(now, next);
        const links = (await namespace.links()).map((link) => JSON.stringify(link)).toSorted();
        await new Promise((resolve) => setImmediate(resolve));
        abort.abort();
        await reading;
        expect([...told.values()].toSorted()).toEqual(links);
      }),
      { numRuns: 100 },
    );
  });
});
