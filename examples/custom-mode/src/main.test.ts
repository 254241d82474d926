import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const EXAMPLE = join(import.meta.dirname, '..');
const run = promisify(execFile);

test('the agent that is assembled with the mode lists it', async () => {
  const { stdout } = await run(process.execPath, [
    '--conditions=hawser:source',
    '--disable-warning=ExperimentalWarning',
    join(EXAMPLE, 'src/main.ts'),
    'plugins',
    'ls',
    '--offline',
    '-o',
    'json',
  ]);
  expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ uri: 'hawser.mode.v1.ptp', stability: 'beta' }));
});

const AGENTS: readonly (readonly [name: string, environment: Readonly<Record<string, string>>])[] = [
  ['the reference agent that loads the mode', {}],
  ['the agent that is assembled with it', { AGENT: 'node src/main.ts --config hawser.toml', HAWSER_CONFIG__PACKAGES: '[]' }],
];

test.for(AGENTS)(
  'play.sh: %s attaches pods on the real kernel, dies and goes on',
  { timeout: 130_000 },
  async ([, environment], { skip }) => {
    const namespaces = ['--user', '--map-root-user', '--net', '--mount'];
    const refused = spawnSync('unshare', [...namespaces, 'ip', 'netns', 'list'], { stdio: 'ignore', timeout: 5_000 }).status !== 0;
    skip(refused, 'needs unprivileged user namespaces, unshare and ip');
    skip(!existsSync(join(EXAMPLE, '../agent/dist/main.js')), 'needs the built packages');
    const { stdout } = await run('unshare', [...namespaces, 'bash', 'play.sh'], {
      cwd: EXAMPLE,
      timeout: 120_000,
      env: { ...process.env, ...environment, PATH: `${join(EXAMPLE, '../../node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
    });
    expect(stdout.match(/1 received, 0% packet loss/g)).toHaveLength(2);
    expect(stdout).toMatch(/^a +eth0 +ptp +ptp +attached +10\.77\.0\.2\/32 fd00:77::2\/128/m);
    expect(stdout).toMatch(/"code":11,[^]*^c +eth0 +ptp +ptp +attached +10\.77\.0\.4\/32/m);
    expect(stdout.match(/^address .* held /gm)).toHaveLength(4);
    expect(stdout.match(/^address .* cooling /gm)).toHaveLength(2);
  },
);
