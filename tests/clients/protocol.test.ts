import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { AgentProcess } from './harness/agent.ts';
import { exec } from './harness/cnitool.ts';
import type { Outcome } from './harness/command.ts';
import { conflist, openNetwork } from './harness/network.ts';
import { makeNamespace, type PodNamespace } from './harness/pod-namespace.ts';
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

/** Calls the executable with the installed plugin's settings, as libcni does. */
function call(
  command: string,
  cniVersion: string,
  pod?: PodNamespace,
  extra: object = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const { name, plugins } = Plugins.parse(JSON.parse(conflist(network())));
  const attachment = pod === undefined ? {} : { CNI_CONTAINERID: pod.name, CNI_NETNS: pod.path, CNI_IFNAME: 'eth0' };
  return exec(network(), 'hawser-cni', { CNI_COMMAND: command, ...attachment, ...env }, { ...plugins[0], name, cniVersion, ...extra });
}

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
  const added = await call('ADD', version, pod);
  expect(said(added)).toMatchObject({
    cniVersion: version,
    ip4: { ip: expect.stringMatching(/^10\.213\.0\./) },
    ip6: { ip: expect.stringMatching(/^fd00:213::/) },
  });
  expect((await call('DEL', version, pod)).code).toBe(0);
  await network().nothingLeft();
});

test.each(['0.3.0', '0.3.1', '0.4.0'])('a client of %s gets addresses with their family, and dns', async (version) => {
  await using pod = await makeNamespace();
  const added = await call('ADD', version, pod);
  expect(said(added)).toMatchObject({ cniVersion: version, ips: [{ version: '4' }, { version: '6' }], dns: {} });
  expect((await call('DEL', version, pod)).code).toBe(0);
  await network().nothingLeft();
});

test('verbs that a version does not have are refused with code 1', async () => {
  await using pod = await makeNamespace();
  expect(said(await call('CHECK', '0.3.1', pod, { prevResult: { cniVersion: '0.3.1' } }))).toMatchObject({ code: 1 });
  expect(said(await call('GC', '1.0.0'))).toMatchObject({ code: 1 });
  expect(said(await call('STATUS', '1.0.0'))).toMatchObject({ code: 1 });
});

test('CHECK without prevResult is refused, with it it agrees', async () => {
  await using pod = await makeNamespace();
  const prevResult = said(await call('ADD', '1.0.0', pod));
  expect((await call('CHECK', '1.0.0', pod)).code).not.toBe(0);
  const checked = await call('CHECK', '1.0.0', pod, { prevResult });
  expect([checked.code, checked.stdout.trim()]).toEqual([0, '']);
  expect((await call('DEL', '1.0.0', pod, { prevResult })).code).toBe(0);
  await network().nothingLeft();
});

test('DEL comes with the namespace, without it, after a failed ADD, and for what never was', async () => {
  await using pod = await makeNamespace();
  await call('ADD', '1.0.0', pod);
  expect((await call('DEL', '1.0.0', pod, {}, { CNI_NETNS: '' })).code).toBe(0);
  expect((await call('DEL', '1.0.0', pod, {}, { CNI_NETNS: '/run/netns/hwt-gone' })).code).toBe(0);
  expect((await call('DEL', '1.0.0', pod)).code).toBe(0);
  expect((await call('DEL', '1.0.0', undefined, {}, { CNI_CONTAINERID: 'never-was', CNI_NETNS: '', CNI_IFNAME: 'eth0' })).code).toBe(0);
  await network().nothingLeft();
});

test('GC takes a list, null for nothing, and no key for what has lost its namespace', async () => {
  await using kept = await makeNamespace();
  await using dropped = await makeNamespace();
  for (const pod of [kept, dropped]) expect((await call('ADD', '1.1.0', pod)).code).toBe(0);
  const containers = async (): Promise<readonly string[]> => (await agent().attachments()).map((row) => row.containerId).toSorted();
  expect((await call('GC', '1.1.0')).code).toBe(0);
  expect(await containers()).toEqual([kept.name, dropped.name].toSorted());
  expect((await call('GC', '1.1.0', undefined, { 'cni.dev/valid-attachments': [{ containerID: kept.name, ifname: 'eth0' }] })).code).toBe(
    0,
  );
  expect(await containers()).toEqual([kept.name]);
  expect((await call('GC', '1.1.0', undefined, { 'cni.dev/valid-attachments': null })).code).toBe(0);
  expect(await containers()).toEqual([]);
  await network().nothingLeft();
});

test('STATUS is quiet while the agent serves, and 50 while it does not', async () => {
  const ready = await call('STATUS', '1.1.0');
  expect([ready.code, ready.stdout.trim()]).toEqual([0, '']);
  await agent().stop();
  const down = await call('STATUS', '1.1.0');
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
    const refused = await call('ADD', '1.0.0', pod, { runtimeConfig });
    expect(said(refused)).toMatchObject({ code: expect.any(Number), msg: expect.stringMatching(new RegExp(key, 'i')) });
    expect(refused.code).not.toBe(0);
    await call('DEL', '1.0.0', pod);
  }
  await network().nothingLeft();
});

test('no secret of the input comes back inside an error', async () => {
  const outcome = await exec(network(), 'hawser-cni', { CNI_COMMAND: 'STATUS' }, '{"token":"s3cret"');
  expect(outcome.code).not.toBe(0);
  expect(outcome.stdout + outcome.stderr).not.toContain('s3cret');
});
