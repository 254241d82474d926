import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AgentProcess } from './agent.ts';
import { must, run } from './command.ts';
import { REFERENCE_PLUGINS } from './machine.ts';
import { eventually } from './poll.ts';
import { REFERENCE } from './suite.ts';

/** The subnets that pods get addresses from. */
const SUBNETS: Subnets = { 4: '10.213.0.0/24', 6: 'fd00:213::/64' };

interface Subnets {
  readonly 4: string;
  readonly 6: string;
}

/** A network that clients are pointed at: an executable and a conflist, and what answers behind them. */
export interface Network extends AsyncDisposable {
  readonly name: string;
  readonly binDir: string;
  readonly confDir: string;
  readonly bridge: string;
  /** Ours; absent with HAWSER_TEST_NETWORK=reference, by which one sees whether a client itself works. */
  readonly agent?: AgentProcess;
  /** Fails unless all links, attachments, claims (but cooling ones) and packet filter entries go. */
  nothingLeft(): Promise<void>;
}

const BRIDGE = 'hwt0';
const LinkRows = z.array(z.object({ ifname: z.string() }));

/** Opens our network, or the reference plugins' where the environment asks for it. */
export async function openNetwork(folder: string, name = 'hwt', subnets = SUBNETS): Promise<Network> {
  const binDir = join(folder, 'bin');
  const confDir = join(folder, 'net.d');
  for (const path of [binDir, confDir]) mkdirSync(path, { recursive: true });
  const place = { name, binDir, confDir, bridge: BRIDGE };
  return REFERENCE ? openReference(place, folder, subnets) : openOurs(place, folder, subnets);
}

type Place = Pick<Network, 'name' | 'binDir' | 'confDir' | 'bridge'>;

const tables = (subnets: Subnets): string => `
[plugins."hawser.attachments.v1.engine"]
default_mode = "bridge"

[plugins."hawser.mode.v1.bridge"]
bridge = "${BRIDGE}"
is_gateway = true
is_default_gateway = true
ip_masq = true

[plugins."hawser.ipam.v1.range"]
ranges = ["${subnets[4]}", "${subnets[6]}"]
`;

async function openOurs(place: Place, folder: string, subnets: Subnets): Promise<Network> {
  const agent = new AgentProcess(join(folder, 'a'), tables(subnets));
  await agent.start();
  await agent.install(place.binDir, place.confDir, place.name);
  symlinkSync(join(REFERENCE_PLUGINS, 'loopback'), join(place.binDir, 'loopback')); // containerd sets up lo with it
  const nothingLeft = async (): Promise<void> => {
    await noPorts();
    await eventually('no attachment left', async () => ((await agent.attachments()).length === 0 ? true : undefined));
    await eventually('no claim held', async () => ((await agent.claims()).every((claim) => claim.state === 'cooling') ? true : undefined));
    await eventually('no masquerading left', async () =>
      (await run('nft', ['list', 'table', 'inet', 'hawser'])).code === 0 ? undefined : true,
    );
  };
  const close = async (): Promise<void> => {
    await agent.stop();
    await removeBridge();
  };
  return { ...place, agent, nothingLeft, [Symbol.asyncDispose]: close };
}

async function openReference(place: Place, folder: string, subnets: Subnets): Promise<Network> {
  for (const plugin of readdirSync(REFERENCE_PLUGINS)) symlinkSync(join(REFERENCE_PLUGINS, plugin), join(place.binDir, plugin));
  const ranges = [subnets[4], subnets[6]].map((subnet) => [{ subnet }]);
  const ipam = { type: 'host-local', dataDir: join(folder, 'host-local'), ranges };
  const bridge = {
    type: 'bridge',
    bridge: BRIDGE,
    isGateway: true,
    isDefaultGateway: true,
    ipMasq: true,
    capabilities: { ips: true, mac: true },
    ipam,
  };
  writeFileSync(
    join(place.confDir, `10-${place.name}.conflist`),
    JSON.stringify({ cniVersion: '1.0.0', name: place.name, plugins: [bridge] }),
  );
  return { ...place, nothingLeft: noPorts, [Symbol.asyncDispose]: removeBridge };
}

async function noPorts(): Promise<void> {
  await eventually('no veth left', async () => {
    const links = LinkRows.parse(JSON.parse((await must('ip', ['-j', 'link', 'show', 'type', 'veth'])) || '[]'));
    if (links.length > 0) throw new Error(`still there: ${links.map((link) => link.ifname).join(', ')}`);
    return true;
  });
}

async function removeBridge(): Promise<void> {
  await run('ip', ['link', 'delete', BRIDGE]);
}

/** The one conflist of a network, as text. */
export function conflist(network: Network): string {
  const file = readdirSync(network.confDir).find((name) => name.endsWith('.conflist')) ?? '';
  return readFileSync(join(network.confDir, file), 'utf8');
}
