import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { add, cnitool, type CnitoolOptions } from './harness/cnitool.ts';
import { must } from './harness/command.ts';
import { REFERENCE_PLUGINS } from './harness/machine.ts';
import { conflist, type Network, openNetwork } from './harness/network.ts';
import { makeNamespace } from './harness/pod-namespace.ts';
import { shared } from './harness/suite.ts';

/** The reference plugins that come after another one: what they need of its result, and what they change that CHECK must bear. */
const network = shared(['cnitool', 'ip', 'nft', 'tc', 'iptables'], openNetwork);

const AFTER = ['tuning', 'firewall', 'bandwidth', 'portmap'];
const Plugins = z.looseObject({ plugins: z.array(z.record(z.string(), z.json())) });

/** The network with these after its own plugin, which leaves them the capabilities that it would refuse itself. */
function chain(name: string, ...after: readonly object[]): Network {
  const { binDir, confDir } = network();
  const folder = join(confDir, name);
  mkdirSync(folder);
  for (const plugin of AFTER) {
    try {
      symlinkSync(join(REFERENCE_PLUGINS, plugin), join(binDir, plugin));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
  const [own = {}] = Plugins.parse(JSON.parse(conflist(network()))).plugins;
  writeFileSync(
    join(folder, '10.conflist'),
    JSON.stringify({ cniVersion: '1.0.0', name, plugins: [{ ...own, capabilities: { ips: true, mac: true } }, ...after] }),
  );
  return { ...network(), name, confDir: folder };
}

test('an interface that is tuned, firewalled and slowed down is as it was attached for CHECK', async () => {
  await using pod = await makeNamespace();
  const mac = '02:13:57:9b:df:02';
  const rate = { ingressRate: 80_000_000, ingressBurst: 8_000_000, egressRate: 80_000_000, egressBurst: 8_000_000 };
  const chained = chain(
    'hwt-changed',
    { type: 'tuning', mac, mtu: 1400, sysctl: { 'net.core.somaxconn': '500' } },
    { type: 'firewall', backend: 'iptables', ingressPolicy: 'same-bridge' },
    { type: 'bandwidth', ...rate },
  );
  const { interfaces, ips } = await add(chained, pod.path);
  expect(interfaces.find(({ name }) => name === 'eth0')?.mac).toBe(mac);
  expect(await pod.exec('ip', 'link', 'show', 'eth0')).toContain('mtu 1400');
  expect(await must('tc', ['qdisc', 'show', 'dev', interfaces[1]?.name ?? ''])).toContain('tbf');
  for (const { gateway = '' } of ips) await pod.exec('ping', '-c', '1', '-W', '5', gateway);
  expect(await cnitool(chained, 'check', pod.path)).toMatchObject({ code: 0 });
  await pod.exec('ip', 'link', 'set', 'eth0', 'address', '02:13:57:9b:df:03');
  expect((await cnitool(chained, 'check', pod.path)).code).not.toBe(0);
  expect(await cnitool(chained, 'del', pod.path)).toMatchObject({ code: 0 });
  await network().nothingLeft();
});

test('a port of the node is mapped to a container, and no more after DEL', async () => {
  await using pod = await makeNamespace();
  const mapped = chain('hwt-mapped', { type: 'portmap', capabilities: { portMappings: true }, snat: true });
  const options: CnitoolOptions = { capabilities: { portMappings: [{ hostPort: 18080, containerPort: 80, protocol: 'tcp' }] } };
  const { ips } = await add(mapped, pod.path, options);
  const target = `--to-destination ${ips[0]?.address.split('/')[0]}:80`;
  expect(await must('iptables-save', ['-t', 'nat'])).toContain(target);
  expect(await cnitool(mapped, 'del', pod.path, options)).toMatchObject({ code: 0 });
  expect(await must('iptables-save', ['-t', 'nat'])).not.toContain(target);
  await network().nothingLeft();
});
