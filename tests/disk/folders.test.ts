import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'examples', 'agent', 'src', 'main.ts');
const isPossible = process.platform === 'linux' && process.getuid?.() === 0;
/** What the sandbox ends with where it can't be made. */
const NO_SANDBOX = 77;

/** A disk of its own at $D, in namespaces that go with the process; then what differs, then one command. */
const SANDBOX = `
mount -t tmpfs -o "$OPTIONS" hwt-disk "$D" || exit ${NO_SANDBOX}
mkdir "$D/root" "$D/state" || exit ${NO_SANDBOX}
printf 'version = 1\\nroot = "%s/root"\\nstate = "%s/state"\\n[plugins."hawser.host.v1.simulated"]\\n' "$D" "$D" |
  sed 's/^.plugins/disabled = ["hawser.host.v1.linux"]\\n&/' > "$D/config.toml"
eval "$PREPARE"
exec $AS "$NODE" --conditions=hawser:source "$MAIN" --config "$D/config.toml" "$@"
`;

interface Disk {
  readonly options?: string;
  /** Shell, with the disk at $D. */
  readonly prepare: string;
  /** Runs the command, e.g. as somebody else. */
  readonly as?: string;
}

const FULL = 'dd if=/dev/zero of="$D/filler" bs=4k 2>/dev/null';
const READ_ONLY = 'mount -o remount,ro "$D"';
const CLOSED = 'chmod 700 "$D/root"';
const A_FILE = 'rmdir "$D/root"; : > "$D/root"';
const NOBODY = 'setpriv --reuid 65534 --regid 65534 --clear-groups';

let folder = '';
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-folders-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function hawser(
  { options = 'size=4m,mode=0755', prepare, as = '' }: Disk,
  ...words: string[]
): Promise<{ code: number | null; out: string }> {
  const child = spawn('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-c', SANDBOX, 'sh', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
    env: { ...process.env, D: folder, OPTIONS: options, PREPARE: prepare, AS: as, NODE: process.execPath, MAIN },
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await exited;
  if (code === NO_SANDBOX) throw new Error(`there is no sandbox: ${errors}`);
  return { code, out: (out + errors).replaceAll(folder, 'DISK') };
}

describe.skipIf(!isPossible)(
  'folders that can’t be used are told with what helps, by every command (needs root for a mount)',
  { timeout: 60_000 },
  () => {
    test.for<readonly [string, Disk, number, string]>([
      ['full: run', { prepare: FULL }, 1, 'there is no space in DISK/root/store.lock [plugin.required_failed]. Free some space'],
      [
        'almost full: run',
        { prepare: `${FULL}; truncate -s -8192 "$D/filler"` },
        1,
        'no space in DISK/root [plugin.required_failed]. Free some',
      ],
      [
        'no inodes: run',
        { options: 'nr_inodes=5,mode=0755', prepare: '' },
        1,
        '[api.socket_failed]. Delete files on the disk of the folder',
      ],
      ['read-only: run', { prepare: READ_ONLY }, 1, 'DISK/root is on a file system that is read-only [agent.folder_failed]. Make the'],
      [
        'read-only: db check',
        { prepare: `mkdir "$D/root/store"; touch "$D/root/store/data.mdb"; ${READ_ONLY}` },
        1,
        'store.lock is on a file system that is read-only [metadata.read_only]',
      ],
      ['read-only: config check', { prepare: READ_ONLY }, 0, 'valid'],
      ['a stranger’s: run', { prepare: CLOSED, as: NOBODY }, 1, "DISK/root can't be used by this user [agent.folder_failed]. Run as root"],
      [
        'a stranger’s: db check',
        { prepare: CLOSED, as: NOBODY },
        1,
        "DISK/root/store can't be used by this user [metadata.read_only]. Run as",
      ],
      ['a file: run', { prepare: A_FILE }, 1, "DISK/root can't be a folder: something else is in its way [agent.folder_failed]. Name"],
      ['a file: db check', { prepare: A_FILE }, 2, '[metadata.bad_folder]. Name another folder, or move away'],
      ['a folder as config: config check', { prepare: 'rm "$D/config.toml"; mkdir "$D/config.toml"' }, 2, 'DISK/config.toml'],
    ])('%s', async ([title, disk, code, said], { skip }) => {
      const ended = await hawser(disk, ...title.slice(title.indexOf(':') + 2).split(' ')).catch((error: unknown) => {
        if (error instanceof Error && error.message.startsWith('there is no sandbox')) skip(error.message);
        throw error;
      });
      expect(ended.out).toContain(said);
      expect(ended.code).toBe(code);
    });
  },
);
