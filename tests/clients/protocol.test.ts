import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { AgentProcess } from './harness/agent.ts';
import { call, exec } from './harness/cnitool.ts';
import type { Outcome } from './harness/command.ts';
import { conflist, openNetwork } from './harness/network.ts';
import { makeNamespace, type PodNamespace } from './harness/pod-namespace.ts';
import { eventually } from './harness/poll.ts';
import { ours, shared } from './harness/suite.ts';

/** What clients of every age say to the executable, and what they must hear. */
const network = shared(['ip', 'nft'], openNetwork);
ours();

function agent(): AgentProcess {
  const { agent: process } = network();
  if (process === undefined) throw new Error('only with our network');
  return process;
}

const Plugins = z.object({
  cniVersion: z.string(),
  cniVersions: z.array(z.string()),
  name: z.string(),
  plugins: z.array(z.record(z.string(), z.json())),
});

const said = (outcome: Outcome): unknown => JSON.parse(outcome.stdout);

test('the conflist serves clients of 1.0.0 and of 1.1.0, and installing it again does not touch it', async () => {
  expect(Plugins.parse(JSON.parse(conflist(network())))).toMatchObject({ cniVersion: '1.0.0', cniVersions: ['0.4.0', '1.0.0', '1.1.0'] });
  const file = join(network().confDir, readdirSync(network().confDir).find((name) => name.endsWith('.conflist')) ?? '');
  const before = statSync(file);
  await agent().install(network().binDir, network().confDir, network().name);
  expect([statSync(file).ino, statSync(file).mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  expect(readFileSync(join(network().binDir, 'hawser-cni')).length).toBeGreaterThan(0);
});

test.each(['0.1.0', '0.2.0'])('a client of %s gets ip4 and ip6', async (version) => {
  await using pod = await makeNamespace();
  const added = await call(network(), { command: 'ADD', cniVersion: version, pod });
  expect(said(added)).toMatchObject({
    cniVersion: version,
    ip4: { ip: expect.stringMatching(/^10\.213\.0\./) },
    ip6: { ip: expect.stringMatching(/^fd00:213::/) },
  });
  expect((await call(network(), { command: 'DEL', cniVersion: version, pod })).code).toBe(0);
  await network().nothingLeft();
});

test.each(['0.3.0', '0.3.1', '0.4.0'])('a client of %s gets addresses with their family, and dns', async (version) => {
  await using pod = await makeNamespace();
  const added = await call(network(), { command: 'ADD', cniVersion: version, pod });
  expect(said(added)).toMatchObject({ cniVersion: version, ips: [{ version: '4' }, { version: '6' }], dns: {} });
  expect((await call(network(), { command: 'DEL', cniVersion: version, pod })).code).toBe(0);
  await network().nothingLeft();
});

test('verbs that a version does not have are refused with code 1', async () => {
  await using pod = await makeNamespace();
  expect(
    said(await call(network(), { command: 'CHECK', cniVersion: '0.3.1', pod, config: { prevResult: { cniVersion: '0.3.1' } } })),
  ).toMatchObject({ code: 1 });
  expect(said(await call(network(), { command: 'GC', cniVersion: '1.0.0' }))).toMatchObject({ code: 1 });
  expect(said(await call(network(), { command: 'STATUS', cniVersion: '1.0.0' }))).toMatchObject({ code: 1 });
});

test('CHECK without prevResult is refused, with it it agrees', async () => {
  await using pod = await makeNamespace();
  const prevResult = said(await call(network(), { command: 'ADD', cniVersion: '1.0.0', pod }));
  expect((await call(network(), { command: 'CHECK', cniVersion: '1.0.0', pod })).code).not.toBe(0);
  const checked = await call(network(), { command: 'CHECK', cniVersion: '1.0.0', pod, config: { prevResult } });
  expect([checked.code, checked.stdout.trim()]).toEqual([0, '']);
  expect((await call(network(), { command: 'DEL', cniVersion: '1.0.0', pod, config: { prevResult } })).code).toBe(0);
  await network().nothingLeft();
});

test('DEL comes with the namespace, without it, after a failed ADD, and for what never was', async () => {
  await using pod = await makeNamespace();
  await call(network(), { command: 'ADD', cniVersion: '1.0.0', pod });
  expect((await call(network(), { command: 'DEL', cniVersion: '1.0.0', pod, env: { CNI_NETNS: '' } })).code).toBe(0);
  expect((await call(network(), { command: 'DEL', cniVersion: '1.0.0', pod, env: { CNI_NETNS: '/run/netns/hwt-gone' } })).code).toBe(0);
  expect((await call(network(), { command: 'DEL', cniVersion: '1.0.0', pod })).code).toBe(0);
  expect(
    (
      await call(network(), {
        command: 'DEL',
        cniVersion: '1.0.0',
        env: { CNI_CONTAINERID: 'never-was', CNI_NETNS: '', CNI_IFNAME: 'eth0' },
      })
    ).code,
  ).toBe(0);
  await network().nothingLeft();
});

test('GC takes a list, null for nothing, and no key for what has lost its namespace', async () => {
  await using kept = await makeNamespace();
  await using dropped = await makeNamespace();
  await using lost = await makeNamespace();
  const gc = async (config: object): Promise<void> => expect((await call(network(), { command: 'GC', config })).code).toBe(0);
  const remain = (pods: readonly PodNamespace[]): Promise<boolean> =>
    eventually('attachments that remain', async () => {
      const rows = (await agent().attachments()).map((row) => row.containerId).toSorted();
      return isDeepStrictEqual(rows, pods.map((pod) => pod.name).toSorted()) ? true : undefined;
    });
  for (const pod of [kept, dropped, lost]) expect((await call(network(), { command: 'ADD', pod })).code).toBe(0);
  await lost.remove();
  await gc({});
  await remain([kept, dropped]);
  await gc({ 'cni.dev/valid-attachments': [{ containerID: kept.name, ifname: 'eth0' }] });
  await remain([kept]);
  expect(await kept.exec('ip', '-o', 'addr', 'show', 'eth0')).toContain('10.213.0.');
  await gc({ 'cni.dev/valid-attachments': null });
  await remain([]);
  await network().nothingLeft();
});

test('STATUS is quiet while the agent serves, and 50 while it does not', async () => {
  const ready = await call(network(), { command: 'STATUS', cniVersion: '1.1.0' });
  expect([ready.code, ready.stdout.trim()]).toEqual([0, '']);
  await agent().stop();
  const down = await call(network(), { command: 'STATUS', cniVersion: '1.1.0' });
  await agent().start();
  expect(said(down)).toMatchObject({ code: 50 });
});

test('what is not there yet is refused by name and never ignored', async () => {
  await using pod = await makeNamespace();
  for (const [key, runtimeConfig] of [
    ['portMappings', { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] }],
    ['portMappings', { PortMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: 'tcp' }] }],
    ['bandwidth', { bandwidth: { ingressRate: 1_000_000, ingressBurst: 1_000_000 } }],
  ] as const) {
    const refused = await call(network(), { command: 'ADD', cniVersion: '1.0.0', pod, config: { runtimeConfig } });
    expect(said(refused)).toMatchObject({ code: expect.any(Number), msg: expect.stringMatching(new RegExp(key, 'i')) });
    expect(refused.code).not.toBe(0);
    await call(network(), { command: 'DEL', cniVersion: '1.0.0', pod });
  }
  await network().nothingLeft();
});

test('no secret of the input comes back inside an error', async () => {
  const outcome = await exec(network(), 'hawser-cni', { CNI_COMMAND: 'STATUS' }, '{"token":"s3cret"');
  expect(outcome.code).not.toBe(0);
  expect(outcome.stdout + outcome.stderr).not.toContain('s3cret');
});
