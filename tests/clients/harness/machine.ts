import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Where the labs put the programs that they build. */
const LAB = process.env['HAWSER_LAB'] ?? join(homedir(), '.cache', 'hawser-lab');

/** The scripts that install and start real peers; beside the checkout unless told. */
const TOOLS = join(process.env['HAWSER_SHARED'] ?? join(ROOT, '..', 'shared'), 'tools');

/** Kubernetes programs of the newest version that the lab has built. */
const KUBERNETES = join(LAB, '1.34.4', 'bin');

/** The newest containerd, where `.ci/run` has built it. */
export const CONTAINERD_2 = join(LAB, 'containerd-2', 'containerd');

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', join(LAB, 'bin'), KUBERNETES, TOOLS];

/** A PATH on which all programs of the tests are found. */
export const PATH = FOLDERS.join(delimiter);

/** Where Debian has the reference plugins. */
export const REFERENCE_PLUGINS = '/usr/lib/cni';

function installed(program: string): boolean {
  return FOLDERS.some((folder) => {
    try {
      accessSync(resolve(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why tests that need these programs cannot run here; undefined where they can. */
export function missing(programs: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  if (process.env['HAWSER_SANDBOX'] !== 'inside') return 'needs namespaces of its own: start it by npm run test:clients';
  const absent = programs.filter((program) => !installed(program));
  if (absent.length > 0) return `not installed: ${absent.join(', ')} (.ci/run installs what is needed)`;
  return existsSync(REFERENCE_PLUGINS) ? undefined : `no reference plugins in ${REFERENCE_PLUGINS} (containernetworking-plugins)`;
}
