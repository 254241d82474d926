import { parseConfig } from '../protocol/network-config.ts';

/** Where runtimes look unless told. */
export const DEFAULT_BIN_DIR = '/opt/cni/bin';
export const DEFAULT_CONF_DIR = '/etc/cni/net.d';

export const EXECUTABLE_NAME = 'hawser-cni';

/** What the executable uses when the network configuration names nothing else; the same in hawser-cni.c and hawser-cni.ts. */
export const DEFAULT_SOCKET = '/run/hawser/cni.sock';
export const DEFAULT_TOMBSTONES = '/var/lib/hawser/tombstones';

/**
 * What runtimes may hand to us. Modes refuse what they can't do; what is not listed here would be left out by the
 * runtime without a word.
 */
const CAPABILITIES = { ips: true, mac: true, portMappings: true, bandwidth: true, 'io.kubernetes.cri.pod-annotations': true };

export interface ConflistOptions {
  readonly name: string;
  readonly socket: string;
  readonly tombstones: string;
}

/** Sorts early, so that it is the one that a runtime takes. */
export const conflistFile = (name: string): string => `05-${name}.conflist`;

/** The text of the network configuration. An old client takes `cniVersion`, a new one the newest of `cniVersions`. */
export function renderConflist({ name, socket, tombstones }: ConflistOptions): string {
  const plugin = {
    type: EXECUTABLE_NAME,
    ...(socket === DEFAULT_SOCKET ? {} : { socket }),
    ...(tombstones === DEFAULT_TOMBSTONES ? {} : { tombstones }),
    capabilities: CAPABILITIES,
  };
  return `${JSON.stringify({ cniVersion: '1.0.0', cniVersions: ['0.4.0', '1.0.0', '1.1.0'], name, plugins: [plugin] }, null, 2)}\n`;
}

/** Whether a network configuration calls our executable; false for what can't be read. */
export function usesOurExecutable(text: string): boolean {
  try {
    const { type, plugins } = parseConfig(Buffer.from(text));
    const types = [type, ...(Array.isArray(plugins) ? plugins.map((plugin: { readonly type?: unknown } | null) => plugin?.type) : [])];
    return types.includes(EXECUTABLE_NAME);
  } catch {
    return false;
  }
}
