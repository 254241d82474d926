import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { printedBy } from './printed-by.fixture.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const isBuilt = existsSync(join(ROOT, 'core/dist/testing/plugin/import-probe.js'));

const LAMP = `import { openSync } from 'node:fs';
import { definePlugin, defineToken } from '@hawser/core';
openSync('/etc/passwd', 'r');
const Lamp = defineToken<{ light(): string }>()('acme.lamp.v1');
export default definePlugin({
  provides: Lamp,
  id: 'brass',
  summary: 'Gives light.',
  start({ signal }) {
    const timer = setInterval(() => undefined, 1_000);
    signal.addEventListener('abort', () => setTimeout(() => clearInterval(timer), 60_000));
    return { light: () => 'yellow' };
  },
});
`;
const TEST = `import { describePluginContract } from '@hawser/core/testing';
import lamp from './lamp.ts';
describePluginContract(lamp, { module: new URL('lamp.ts', import.meta.url) });
`;

test('an author’s own package is told the same by the package that is built', { timeout: 100_000 }, async (context) => {
  if (!isBuilt) context.skip('needs the built package');
  const folder = await mkdtemp(join(tmpdir(), 'hwt-author-'));
  try {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const files = { 'package.json': '{ "type": "module" }', 'lamp.ts': LAMP, 'lamp.test.ts': TEST };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const { ran, failures } = await printedBy(folder, []);
    expect(ran).toHaveLength(7);
    const name = 'acme.lamp.v1.brass';
    expect(failures).toMatchObject({
      [`${name} as a plugin leaves nothing behind when it has stopped`]: expect.stringContaining(
        `${name}: it leaves behind a timer that repeats, made by start in lamp.ts:10:19`,
      ) as string,
      [`${name} as a plugin does no work before its start`]: expect.stringMatching(
        /^acme\.lamp\.v1\.brass: importing it leaves the file descriptor \d+ \(\/etc\/passwd\), opened by lamp\.ts:3:1$/,
      ) as string,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
