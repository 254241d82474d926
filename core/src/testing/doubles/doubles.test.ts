import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemContext } from '../../context/index.ts';
import { hostErrors } from '../../network/errors.ts';
import { startCore, type TestCore } from '../core.ts';
import { testContext } from '../context.ts';
import { describeIpamContract } from '../ipam-contract.ts';
import {
  failAt,
  fakeAgentState,
  fakeHealth,
  fakeHost,
  fakeIpam,
  FakeMode,
  faultyHost,
  faultyStore,
  interceptHost,
  recordedEvents,
} from './index.ts';

const never = AbortSignal.any([]);
const request = (staticIps: readonly string[] = []) => ({
  containerId: 'c',
  ifname: 'eth0',
  netns: '/ns/c',
  network: { name: 'n', settings: {}, capabilities: {} },
  staticIps,
});

describeIpamContract('the fake one', {
  async make(subnets) {
    const core = await startCore({ context: systemContext });
    return { core, ipam: fakeIpam({ subnets, claims: core.claims }), [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
  },
});

describe('a fake host', () => {
  test('knows what was asked of it, and where', async () => {
    const host = fakeHost({ namespaces: { '/ns/a': '7' }, answers: { addAddress: async () => undefined }, features: ['ipv6'] });
    using namespace = await host.openNamespace('/ns/a');
    await namespace.addAddress({ link: 'eth0', cidr: '10.0.0.1/24' });
    expect(namespace.id).toEqual({ device: '4', inode: '7' });
    expect([host.supports('ipv6'), host.missing('bridge')]).toEqual([true, 'the fake host has no bridge']);
    expect(host.calls).toEqual([
      { method: 'openNamespace', parameters: ['/ns/a'], isChange: false },
      { method: 'addAddress', parameters: [{ link: 'eth0', cidr: '10.0.0.1/24' }], isChange: true, path: '/ns/a' },
    ]);
  });

  test('says which answer it was not told', async () => {
    await expect(fakeHost().own.links()).rejects.toThrow("the fake host was not told what 'links' answers: give it answers: { links: … }");
  });

  test('has the namespaces that a test gives it, and no other', async () => {
    const host = fakeHost();
    await expect(host.openNamespace('/ns/a')).rejects.toMatchObject({ code: 'host.namespace_gone' });
    await host.createNamespace('/ns/a');
    expect((await host.openNamespace('/ns/a')).path).toBe('/ns/a');
    await host.deleteNamespace('/ns/a');
    await expect(host.openNamespace('/ns/a')).rejects.toMatchObject({ code: 'host.namespace_gone' });
  });
});

describe('a faulty host', () => {
  const done: string[] = [];
  const answers = {
    link: async () => ({
      index: 2,
      name: 'eth0',
      mac: '',
      mtu: 1_500,
      kind: 'veth',
      up: true,
      running: true,
      promiscuous: false,
      group: 0,
    }),
    addAddress: async ({ cidr }: { readonly cidr: string }) => void done.push(cidr),
    setLink: async () => void done.push('up'),
  };
  beforeEach(() => void done.splice(0));

  test('fails at the nth change, before or after it has taken effect', async () => {
    const busy = hostErrors.busy('the kernel is busy');
    const before = faultyHost(fakeHost({ answers }), failAt('host.addAddress.before', { nth: 2, error: busy }));
    await before.own.addAddress({ link: 'eth0', cidr: '10.0.0.1/24' });
    await expect(before.own.addAddress({ link: 'eth0', cidr: '10.0.0.2/24' })).rejects.toBe(busy);
    await before.own.addAddress({ link: 'eth0', cidr: '10.0.0.3/24' });
    expect(done).toEqual(['10.0.0.1/24', '10.0.0.3/24']);
    const after = faultyHost(fakeHost({ answers }), failAt('host.addAddress.after', { times: 2 }));
    await expect(after.own.addAddress({ link: 'eth0', cidr: '10.0.0.4/24' })).rejects.toThrow('made to fail at host.addAddress.after');
    expect(done).toContain('10.0.0.4/24');
  });

  test('fails between the parts of one configuration', async () => {
    const point = failAt('host.setLink.before');
    const host = faultyHost(fakeHost({ answers }), point);
    await expect(host.own.configureLink('eth0', { addresses: [{ cidr: '10.0.0.1/24' }], up: true })).rejects.toThrow('made to fail');
    expect([done, point.reached]).toEqual([['10.0.0.1/24'], 1]);
  });

  test('gives a host its own namespaces back, whoever stands in front of them', async () => {
    const peers: object[] = [];
    const real = fakeHost({
      namespaces: { '/ns/a': '7' },
      answers: { createVeth: async ({ peer }) => void peers.push(peer.namespace) },
    });
    const opened: object[] = [];
    const middle = interceptHost(real, async ({ method }, carryOut) => {
      const outcome = await carryOut();
      if (method === 'openNamespace') opened.push(Object(outcome));
      return outcome;
    });
    const front = faultyHost(middle, failAt('never'));
    using namespace = await front.openNamespace('/ns/a');
    await front.own.createVeth({ name: 'a', peer: { namespace, name: 'b' } });
    // What the innermost one has got is neither of the two in front of it.
    expect(peers).toHaveLength(1);
    expect(peers[0]).not.toBe(namespace);
    expect(opened).not.toContain(peers[0]);
  });
});

describe('a fake address plugin', () => {
  const context = { holder: { containerId: 'c', ifname: 'eth0' }, lease: 'l' };

  test('keeps its own books where it has no ledger, can be exhausted and refilled', async () => {
    await using core = await startCore({ context: systemContext });
    const ipam = fakeIpam();
    const take = (staticIps?: readonly string[]) => core.metadata.write('state', (tx) => ipam.claim(request(staticIps)).take(tx, context));
    expect(await take()).toEqual([
      { type: 'address', key: '10.88.0.2', data: { address: '10.88.0.2/24', subnet: '10.88.0.0/24', gateway: '10.88.0.1' } },
    ]);
    expect([...ipam.held]).toEqual([['10.88.0.2', context.holder]]);
    ipam.exhaust();
    await expect(take()).rejects.toMatchObject({ code: 'ipam.exhausted', message: 'no address is left in 10.88.0.0/24' });
    expect(() => ipam.ready?.()).toThrow('no address is left in 10.88.0.0/24');
    ipam.refill();
    ipam.free('10.88.0.2');
    expect((await take())[0]?.key).toBe('10.88.0.2');
    expect(ipam.asked).toHaveLength(3);
  });

  test('refuses a subnet that is none', () => {
    expect(() => fakeIpam({ subnets: ['lamp'] })).toThrow("'lamp' is no subnet such as 10.88.0.0/24");
  });
});

describe('on a real store', () => {
  let core: TestCore;
  beforeEach(async () => {
    core = await startCore({ context: testContext(), topics: [] });
  });
  afterEach(() => core[Symbol.asyncDispose]());

  test('a faulty store fails before, inside and after a write', async () => {
    const create = (point: string) =>
      faultyStore(core.metadata, failAt(point)).write('state', (tx) => void core.leases.create(tx, { id: 'a' }));
    const has = () => core.metadata.read('state', (tx) => core.leases.get(tx, 'a') !== undefined);
    for (const point of ['store.write.before', 'store.write.inside']) {
      await expect(create(point)).rejects.toThrow(`made to fail at ${point}`);
      expect(has()).toBe(false);
    }
    await expect(create('store.write.after')).rejects.toThrow('made to fail at store.write.after');
    expect(has()).toBe(true);
  });

  test('recorded events are those of transactions that were committed', async () => {
    const events = recordedEvents(core.events);
    const event = { topic: '/leases/deleted', data: { id: 'a', store: 'state', reason: 'deleted' } };
    await core.metadata.write('state', (tx) => events.publish(tx, event));
    const broken = core.metadata.write('state', (tx) => {
      events.publish(tx, { ...event, data: { id: 'b', store: 'state', reason: 'deleted' } });
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    expect(events.published).toEqual([event]);
    expect([...events.history()]).toMatchObject([event]);
  });

  test('a fake mode does as it is told, and remembers', async () => {
    const mode = new FakeMode(core.claims);
    const { containerId, ifname, netns } = request();
    const claims = await core.metadata.write('state', (tx) => {
      const lease = core.leases.create(tx).id;
      return mode.claims().flatMap((claim) => claim.take(tx, { holder: { containerId, ifname }, lease }));
    });
    const attachment = { id: 'x', containerId, ifname, netns, network: 'n', mode: 'fake', settings: {}, claims };
    expect((await mode.attach(attachment, never)).ips).toEqual([{ address: '10.0.0.1/24', interface: 0 }]);
    mode.during = () => Promise.reject(new Error('the lamp is broken'));
    await expect(mode.detach(attachment, never)).rejects.toThrow('the lamp is broken');
    expect([mode.log, [...mode.made]]).toEqual([['attach c/eth0', 'detach c/eth0'], ['c/eth0']]);
  });
});

test('a fake agent is ready and has no plugins, unless told', () => {
  expect(fakeAgentState().phase()).toBe('ready');
  expect(fakeAgentState({ phase: () => 'stopping' }).phase()).toBe('stopping');
});

test('fake health turns, and tells who listens', () => {
  const health = fakeHealth();
  let told = 0;
  const listener = health.onChange(() => told++);
  expect(health.live().ok).toBe(true);
  health.turn({ name: 'store.state', status: 'failed', reason: 'it hangs' });
  listener[Symbol.dispose]();
  health.turn();
  expect([told, health.ready().ok]).toEqual([1, true]);
});
