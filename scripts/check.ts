/** `npm run check [-- NAME…]`: everything that is held about the sources beside the tests. Runs all, then fails if one did. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const STEPS: Readonly<Record<string, readonly string[]>> = {
  build: ['npm', 'run', '--silent', 'build'],
  types: ['tsc', '-p', 'tsconfig.tests.json'],
  lint: ['oxlint'],
  format: ['oxfmt', '--check'],
  unused: ['knip'],
  docs: ['node', 'scripts/check-docs.ts'],
  generated: ['node', 'scripts/generated-docs.ts'],
  containerd: ['node', 'scripts/check-containerd.ts'],
  packages: ['node', 'scripts/check-packages.ts'],
  repository: ['node', 'scripts/check-repository.ts'],
};

async function run(command: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output: stdout + stderr };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const [name, [command = '', ...args]] of Object.entries(STEPS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const start = performance.now();
    const { code, output } = await run(command, args);
    console.log(`${code === 0 ? '✓' : '✗'} ${name} (${command} ${args.join(' ')}), ${Math.round(performance.now() - start)} ms`);
    if (code !== 0) console.log(output.trimEnd());
    if (code !== 0) process.exitCode = 1;
  }
}
