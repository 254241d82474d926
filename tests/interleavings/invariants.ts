import { expect } from 'vitest';
import { interfaceOf, type KernelView, viewOf } from './kernel-view.ts';
import type { Agent, Books, Machine } from './machine.ts';
import { containerOf } from './pods.ts';
import type { Told } from './told.ts';

/** What holds whatever happens, also in the middle of calls. */
export function expectSound(machine: Machine, agent: Agent, told: Told): void {
  expect(machine.kernel.inconsistencies()).toEqual([]);
  const books = agent.books();
  const view = viewOf(machine);
  expectBooksAgree(books);
  expectAddressesHeld(view, books);
  expectAsTold(view, books, told);
  machine.tenancy.observe(books);
}

/** Attachments and claims tell the same. */
function expectBooksAgree({ records, holders }: Books): void {
  const claimed = records.flatMap(({ claims, containerId }) => claims.map(({ key }) => [key, containerId] as const));
  expect(claimed.length, 'an address is held twice').toBe(new Set(claimed.map(([key]) => key)).size);
  expect(holders, 'claims and attachments').toEqual(new Map(claimed));
}

/** Whatever address the kernel has is held by the pod that it is in: one that cools or is free is nowhere. */
function expectAddressesHeld({ interfaces, masqueraded }: KernelView, { holders }: Books): void {
  const used = interfaces.flatMap(({ pod, addresses }) => addresses.map((address) => [address, pod] as const));
  for (const [address, pod] of used) {
    // A namespace that has lost its path belongs to nobody that can be named.
    const holder = holders.get(address);
    expect(holder, `the holder of ${address} in the kernel`).toBe(pod === undefined ? (holder ?? 'somebody') : containerOf(pod));
  }
  expect(
    masqueraded.filter((address) => !holders.has(address)),
    'masqueraded and held by nobody',
  ).toEqual([]);
  expect(new Set(used.map(([address]) => address)).size, 'an address is on two interfaces').toBe(used.length);
}

/** A result that was handed out is on the books and in the kernel; what was deleted, or could not be made, is not attached. */
function expectAsTold(view: KernelView, { records }: Books, told: Told): void {
  const present = new Map(records.map((record) => [record.containerId, record]));
  for (const [pod, fact] of told.facts) {
    const record = present.get(containerOf(pod));
    if (fact.kind === 'absent') {
      expect(record?.state, `the state of pod ${pod}, which was deleted or never made`).not.toBe('attached');
      continue;
    }
    expect(record, `pod ${pod}, which is attached`).toMatchObject({ state: 'attached', result: fact.result });
    const addresses = fact.result.ips.map(({ address }) => address.slice(0, address.indexOf('/'))).toSorted();
    expect(interfaceOf(view, pod), `the interface of pod ${pod}`).toMatchObject({ connected: true, addresses });
  }
}

/** What holds besides when no call is under way: whatever failed was undone then, and does not wait for a lease to run out. */
export function expectIdle(machine: Machine, agent: Agent, told: Told): void {
  expectSound(machine, agent, told);
  expect(agent.leases(), 'leases are left').toEqual([]);
}

/** What holds when what failed has been tried again. */
export function expectSettled(machine: Machine, agent: Agent, told: Told): void {
  expectIdle(machine, agent, told);
  const records = agent.engine.list();
  expect(records.map(({ state }) => state)).toEqual(records.map(() => 'attached'));
  expect(agent.gc.status().condemned).toEqual([]);
  expect(viewOf(machine).ports.length, 'links and attachments').toBe(records.length);
}

/** What holds when every pod is gone. */
export function expectEmpty(machine: Machine, agent: Agent, told: Told): void {
  expectSettled(machine, agent, told);
  expect(agent.engine.list()).toEqual([]);
  expect(agent.claims()).toEqual([]);
  expect(viewOf(machine)).toEqual({ interfaces: [], ports: [], masqueraded: [] });
}
