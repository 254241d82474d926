import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentProcess } from '../tests/clients/harness/agent.ts';
import { REFERENCE_PLUGINS } from '../tests/clients/harness/machine.ts';

/** The bridges that the sides make. */
export const OUR_BRIDGE = 'hwt-our0';
export const REFERENCE_BRIDGE = 'hwt-ref0';

/** One of the two that are compared: an executable and the network configs that it is given. */
export interface Side {
  readonly label: 'ours' | 'reference';
  readonly executable: string;
  readonly pluginPath: string;
  /** File with the network config. */
  config(options: { readonly masquerade: boolean }): string;
}

/** The reference bridge with host-local, or undefined where they are not installed. */
export function referenceSide(folder: string): Side | undefined {
  const executable = join(REFERENCE_PLUGINS, 'bridge');
  if (!existsSync(executable)) return undefined;
  const ipam = { type: 'host-local', dataDir: join(folder, 'host-local'), ranges: [[{ subnet: '10.214.0.0/16' }]] };
  const config = ({ masquerade }: { readonly masquerade: boolean }): string =>
    writeConfig(folder, `reference-${String(masquerade)}`, {
      name: 'reference',
      type: 'bridge',
      bridge: REFERENCE_BRIDGE,
      isGateway: true,
      ipMasq: masquerade,
      ipam,
    });
  return { label: 'reference', executable, pluginPath: REFERENCE_PLUGINS, config };
}

/** Our agent's tables: the same network of one family as the reference's. */
export const TABLES = `
[plugins."hawser.attachments.v1.engine"]
default_mode = "bridge"

[plugins."hawser.mode.v1.bridge"]
bridge = "${OUR_BRIDGE}"
is_gateway = true

[plugins."hawser.ipam.v1.range"]
ranges = ["10.215.0.0/16"]
`;

/** An agent with a durable store on disk and the boot's store on tmpfs, as a node has them. */
export function makeAgent(folder: string): AgentProcess {
  return new AgentProcess(join(folder, 'agent'), TABLES, '/run/hwt-bench');
}

/** Our executable, installed by the agent's own command. */
export async function ourSide(folder: string, agent: AgentProcess): Promise<Side> {
  const [binDir, confDir] = [join(folder, 'bin'), join(folder, 'net.d')];
  for (const path of [binDir, confDir]) mkdirSync(path, { recursive: true });
  const installed = await agent.install(binDir, confDir, 'ours');
  const config = ({ masquerade }: { readonly masquerade: boolean }): string =>
    writeConfig(folder, `ours-${String(masquerade)}`, { ...installed, name: 'ours', ipMasq: masquerade });
  return { label: 'ours', executable: join(binDir, 'hawser-cni'), pluginPath: binDir, config };
}

function writeConfig(folder: string, name: string, config: object): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', ...config }));
  return file;
}
