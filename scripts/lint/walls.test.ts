import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const Report = z.object({ diagnostics: z.array(z.object({ code: z.string(), message: z.string(), filename: z.string() })) });

const importing = (specifier: string): string => `import { x } from '${specifier}';\nexport const y = [x];\n`;

/** A file at a path, the rule that it breaks, and what the message says to do instead. */
const BROKEN: readonly (readonly [path: string, source: string, rule: string, says: string])[] = [
  ['core/src/gc/sweep.ts', importing('@hawser/mode-bridge'), 'walls(packages)', 'Declare a contract in core/src/network'],
  ['core/src/gc/sweep.test.ts', importing('@hawser/mode-bridge'), 'walls(packages)', 'Declare a contract'],
  ['core/src/gc/sweep.ts', importing('@hawser/core/contracts'), 'walls(packages)', 'by relative paths'],
  ['core/src/gc/sweep.ts', importing('../../../plugins/cni/src/index.ts'), 'walls(packages)', 'leaves its package'],
  ['plugins/cni/src/endpoint.ts', importing('@hawser/attachments'), 'walls(packages)', '@hawser/core/contracts'],
  ['plugins/modes/bridge/src/bridge.test.ts', importing('@hawser/ipam-range'), 'walls(packages)', 'use a fake'],
  ['plugins/cni/src/endpoint.ts', "export type { A } from '@hawser/attachments';\n", 'walls(packages)', 'may not import the plugin'],
  [
    'plugins/cni/src/endpoint.ts',
    "export const a = () => import('@hawser/attachments');\n",
    'walls(packages)',
    'may not import the plugin',
  ],
  ['core/src/plugin/kernel.ts', importing('../config/load.ts'), 'walls(layers)', 'may not import core/src/config'],
  ['core/src/metadata/store.ts', importing('../events/events.ts'), 'walls(layers)', 'stands above it'],
  ['core/src/gc/gc.ts', "import type { Host } from '../network/host.ts';\nexport type A = Host;\n", 'walls(layers)', 'through `requires`'],
  ['core/src/claims/claims.ts', importing('../network/host.ts'), 'walls(layers)', 'may not import core/src/network'],
  ['core/src/agent/run.ts', importing('../cli/command.ts'), 'walls(layers)', 'may not import core/src/cli'],
  ['core/src/leases/leases.ts', importing('../index.ts'), 'walls(layers)', 'may not import core/src/index.ts'],
  ['core/src/novelty/x.ts', importing('../errors/index.ts'), 'walls(layers)', 'scripts/lint/layers.ts'],
  ['plugins/modes/bridge/src/attach.ts', importing('node:child_process'), 'walls(kernel)', 'through Host'],
  ['plugins/host/linux/src/links.ts', importing('child_process'), 'walls(kernel)', 'through Host'],
  ['plugins/cni/src/peer.ts', "import koffi from 'koffi';\nexport const y = [koffi];\n", 'walls(kernel)', 'add what is missing to Host'],
  ['core/src/events/journal.ts', 'export const at = () => Date.now();\n', 'walls(time)', 'clock.now()'],
  ['core/src/events/journal.ts', 'export const at = () => new Date();\n', 'walls(time)', 'clock.now()'],
  ['plugins/cni/src/wait.ts', 'export const wait = (f: () => void) => setTimeout(f, 5);\n', 'walls(time)', 'clock.timer'],
  ['plugins/cni/src/wait.ts', importing('node:timers/promises'), 'walls(time)', 'clock.sleep'],
  ['plugins/cni/src/wait.ts', 'export const signal = () => AbortSignal.timeout(5);\n', 'walls(time)', 'clock.timer'],
  ['plugins/ipam/range/src/pick.ts', 'export const pick = () => Math.random();\n', 'walls(time)', 'random.integer()'],
  [
    'plugins/ipam/range/src/pick.ts',
    "import { randomBytes } from 'node:crypto';\nexport const pick = () => randomBytes(8);\n",
    'walls(time)',
    'random.bytes()',
  ],
  ['core/src/api/serve.ts', importing('node:http'), 'walls(builtins)', 'process.getBuiltinModule'],
  ['core/src/api/serve.ts', "export const a = () => import('node:http');\n", 'walls(builtins)', 'process.getBuiltinModule'],
  ['core/src/gc/sweep.ts', 'export const a = (x: any) => [x];\n', 'typescript(no-explicit-any)', ''],
  ['core/src/gc/sweep.ts', 'export const a = (x: string | undefined) => x!.length;\n', 'typescript(no-non-null-assertion)', ''],
  ['core/src/gc/sweep.ts', 'const f = async () => 1;\nexport const a = () => {\n  f();\n};\n', 'typescript(no-floating-promises)', ''],
  [
    'core/src/gc/sweep.ts',
    `export const a = () => {\n${"  process.stdout.write('x');\n".repeat(60)}};\n`,
    'eslint(max-lines-per-function)',
    '',
  ],
  ['core/src/gc/sweep.ts', `export const a = [\n${'  1,\n'.repeat(300)}];\n`, 'eslint(max-lines)', ''],
];

const ALLOWED: readonly (readonly [path: string, source: string])[] = [
  ['core/src/gc/sweep.ts', importing('../metadata/store.ts')],
  ['core/src/gc/sweep.ts', importing('../leases/leases.ts')],
  ['core/src/leases/leases.ts', importing('../gc/gc.ts')],
  ['core/src/testing/fakes.ts', importing('../agent/run.ts')],
  ['core/src/plugin/kernel.test.ts', importing('../testing/held-clock.ts')],
  ['core/src/context/system.ts', 'export const at = () => Date.now();\n'],
  ['plugins/cni/src/endpoint.ts', importing('@hawser/core/contracts')],
  ['plugins/host/linux/src/nft.ts', importing('node:child_process')],
  ['plugins/host/linux/src/nft/process.ts', importing('node:child_process')],
  ['plugins/host/linux/src/socket.ts', importing('koffi')],
  ['examples/agent/src/main.ts', importing('@hawser/cni')],
];

/** Every case has a file of its own: `gc/sweep.ts` becomes `gc/sweep-3.ts`. */
const numbered = (path: string, number: number): string => path.replace(/^(.*\/[^./]+)/, `$1-${number}`);

/** Findings by path, as `rule: message`. */
const found = new Map<string, string[]>();

/** A workspace of its own with this one's real configuration: what passes and fails there, passes and fails here. */
async function makeWorkspace(folder: string): Promise<void> {
  await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  await cp(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.json'));
  await cp(join(root, 'scripts', 'lint'), join(folder, 'scripts', 'lint'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [number, [path, source]] of [...BROKEN, ...ALLOWED].entries()) {
    const file = join(folder, numbered(path, number));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, source);
  }
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walls-'));
  await makeWorkspace(folder);
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const run = promisify(execFile)(process.execPath, [oxlint, '-f', 'json'], { cwd: folder, timeout: 60_000, maxBuffer: 2 ** 24 });
  const { stdout } = z.object({ stdout: z.string() }).parse(await run.catch((error: unknown) => error));
  await rm(folder, { recursive: true });
  for (const { code, message, filename } of Report.parse(JSON.parse(stdout)).diagnostics) {
    found.set(filename, [...(found.get(filename) ?? []), `${code}: ${message}`]);
  }
}, 90_000);

describe('each wall fires and says what to use instead', () => {
  test.each(
    BROKEN.map(([path, source, rule, says], number) => ({ number, path, rule, says, source: JSON.stringify(source).slice(0, 80) })),
  )('$rule · $path · $source', ({ number, path, rule, says }) => {
    const lines = found.get(numbered(path, number)) ?? [];
    expect(lines.filter((line) => line.startsWith(`${rule}: `) && line.includes(says))).toHaveLength(1);
  });
});

describe('what the architecture allows passes the walls', () => {
  test.each(ALLOWED.map(([path, source], number) => ({ number: number + BROKEN.length, path, source: JSON.stringify(source) })))(
    '$path · $source',
    ({ number, path }) => {
      expect((found.get(numbered(path, number)) ?? []).filter((line) => line.startsWith('walls'))).toEqual([]);
    },
  );
});
