import { expect } from 'vitest';
import type { Agent, Machine } from './machine.ts';

/** What holds whatever happens, also in the middle of calls. */
export function expectSound(machine: Machine, agent: Agent): void {
  expect(machine.kernel.inconsistencies()).toEqual([]);
  const records = agent.engine.list();
  const addresses = records.flatMap(({ claims }) => claims.map(({ key }) => key));
  expect(new Set(addresses).size, 'an address is held twice').toBe(addresses.length);
  const held = agent.claims().filter(({ state }) => state !== 'cooling');
  const holders = new Map(records.flatMap((record) => record.claims.map(({ key }) => [key, record.containerId] as const)));
  for (const { key, holder } of held) expect(holders.get(key), `${key} is held by nobody`).toBe(holder?.containerId);
  for (const key of addresses)
    expect(
      held.map((claim) => claim.key),
      `${key} is in use without a claim`,
    ).toContain(key);
}

/** What holds when nothing is under way and what failed has been tried again. */
export function expectSettled(machine: Machine, agent: Agent): void {
  expectSound(machine, agent);
  const records = agent.engine.list();
  expect(agent.leases(), 'leases are left').toEqual([]);
  expect(records.map(({ state }) => state)).toEqual(records.map(() => 'attached'));
  const own = machine.kernel.snapshot().namespaces.find((namespace) => namespace.own);
  const ports = own?.links.filter(({ kind }) => kind === 'veth') ?? [];
  expect(ports.length, 'links and attachments').toBe(records.length);
}

/** What holds when every pod is gone. */
export function expectEmpty(machine: Machine, agent: Agent): void {
  expectSettled(machine, agent);
  expect(agent.engine.list()).toEqual([]);
  expect(agent.claims()).toEqual([]);
  expect(agent.gc.status().condemned).toEqual([]);
  for (const { links, masquerades } of machine.kernel.snapshot().namespaces) {
    expect(links.filter(({ kind }) => kind === 'veth')).toEqual([]);
    expect(masquerades).toEqual([]);
  }
}
