/** A request has one id, and whatever comes of it has that id: each log line, each event, each error. */
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import attachments from '@hawser/attachments';
import cni from '@hawser/cni';
import { definePlugin, inRequest } from '@hawser/core';
import { type Envelope, Events, Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { addressClaims } from '@hawser/core/network';
import { startTestAgent, type TestAgent } from '@hawser/core/testing';
import simulated from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import { expect, test } from 'vitest';

const EXECUTABLE = join(import.meta.dirname, '../../plugins/cni/src/hawser-cni.ts');

let netns: string;
let agents = 0;

/** Knows of no request, logs as anyone does, and takes turns of the event loop in between. */
const talkative = definePlugin({
  provides: NetworkMode,
  id: 'talkative',
  summary: 'Says what it does.',
  requires: { ipam: Ipam.byId('range') },
  start({ ipam, log, clock }) {
    log.info('a mode starts');
    return {
      claims: (asked) => [ipam.claim(asked)],
      async attach(pod, signal) {
        log.info('a mode begins');
        await clock.sleep(5, signal);
        log.info({ containerId: pod.containerId }, 'a mode attaches');
        if (pod.containerId === 'pod-bad') throw new Error('it breaks');
        const ips = addressClaims(pod.claims).map(({ address }) => ({ address, interface: 0 }));
        return { interfaces: [{ name: pod.ifname, mac: '02:00:00:00:00:01', sandbox: pod.netns }], ips, routes: [] };
      },
      check: async () => undefined,
      detach: async (pod) => log.info({ containerId: pod.containerId }, 'a mode detaches'),
    };
  },
});

async function start(): Promise<TestAgent> {
  const settings = { 'hawser.ipam.v1.range': { ranges: ['10.88.0.0/24'] }, 'hawser.host.v1.simulated': {} };
  const agent = await startTestAgent([simulated, range, talkative, attachments, cni], settings);
  netns = `/run/netns/hwt-request-${++agents}`; // the model of a kernel is one for the process
  await agent.get(Host).createNamespace(netns);
  return agent;
}

async function call({ folder }: TestAgent, command: 'ADD' | 'DEL', containerId: string): Promise<string> {
  const env = { CNI_COMMAND: command, CNI_CONTAINERID: containerId, CNI_IFNAME: 'eth0', CNI_NETNS: netns, CNI_PATH: '/opt/cni/bin' };
  const child = spawn(process.execPath, [EXECUTABLE], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ cniVersion: '1.0.0', name: 'pods', type: 'hawser-cni', socket: `${folder}/state/cni.sock` }));
  return await text(child.stdout);
}

const lines = (agent: TestAgent): readonly Record<string, unknown>[] =>
  agent.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
const journal = (agent: TestAgent): readonly Envelope[] => [...agent.get(Events).history()];

/** The one id of all of them. */
function onlyId(told: readonly { readonly requestId?: unknown }[]): unknown {
  const ids = new Set(told.map(({ requestId }) => requestId));
  expect([...ids]).toEqual([expect.stringMatching(/^\w{26}$/)]);
  return [...ids][0];
}

/** Of a pod; no id that is drawn has a dash. */
const of = (events: readonly Envelope[], id: string): readonly Envelope[] => events.filter(({ data }) => JSON.stringify(data).includes(id));

test('of an ADD and a DEL, beside others, each line of engine and mode and each event has the id', async () => {
  await using agent = await start();
  await Promise.all(['pod-1', 'pod-2'].map((id) => call(agent, 'ADD', id)));
  const added = ['pod-1', 'pod-2'].map((id) => onlyId(of(journal(agent), id)));
  expect(of(journal(agent), 'pod-1').map(({ topic }) => topic)).toEqual(expect.arrayContaining(['/claims/taken', '/attachments/attached']));
  expect(new Set(added).size).toBe(2);
  for (const [index, id] of ['pod-1', 'pod-2'].entries()) {
    const said = lines(agent).filter((line) => line['containerId'] === id);
    expect(said.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['a mode attaches', 'attached']));
    expect(onlyId(said)).toBe(added[index]);
  }
  expect(lines(agent).filter(({ msg, requestId }) => msg === 'a mode begins' && requestId === undefined)).toEqual([]);

  const before = journal(agent).length;
  await call(agent, 'DEL', 'pod-1');
  await expect
    .poll(() =>
      journal(agent)
        .slice(before)
        .map(({ topic }) => topic),
    )
    .toContain('/attachments/detached');
  const deleted = onlyId(of(journal(agent).slice(before), 'pod-1'));
  const said = lines(agent).filter(
    ({ msg, containerId }) => containerId === 'pod-1' && ['a mode detaches', 'detached'].includes(String(msg)),
  );
  expect(said.map(({ requestId }) => requestId)).toEqual([deleted, deleted]);
  expect(added).not.toContain(deleted);
});

test('an ADD that fails tells its client the id under which log and journal have it', async () => {
  await using agent = await start();
  const { details } = JSON.parse(await call(agent, 'ADD', 'pod-bad')) as { readonly details: string };
  const id = onlyId(of(journal(agent), 'pod-bad'));
  expect(details).toContain(`[request ${String(id)}]`);
  expect(of(journal(agent), 'pod-bad').map(({ topic }) => topic)).toContain('/attachments/failed');
});

test('what a call of the API does has the id that its client has chosen', async () => {
  await using agent = await start();
  const asked = request({ socketPath: `${agent.folder}/state/hawser.sock`, path: '/v1/leases', method: 'POST' });
  asked.setHeader('content-type', 'application/json').setHeader('x-request-id', 'mine-1').end('{"id":"kept"}');
  await new Promise((resolve) => void asked.once('response', (answer) => answer.resume().once('end', resolve)));
  expect(of(journal(agent), 'kept')).toMatchObject([{ topic: '/leases/created', requestId: 'mine-1' }]);
  expect(journal(agent).filter(({ topic, requestId }) => requestId === 'mine-1' && topic !== '/leases/created')).toEqual([]);
});

test('what a plugin begins in its start is of no request, whoever has it started', async () => {
  await using agent = await start();
  await inRequest('mine-2', () => agent.restart());
  const starts = lines(agent).filter(({ msg }) => msg === 'a mode starts');
  expect(starts.map(({ requestId }) => requestId)).toEqual([undefined, undefined]);
  await call(agent, 'ADD', 'pod-1');
  expect(onlyId(of(journal(agent), 'pod-1'))).not.toBe('mine-2');
});
