import { spawnSync } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { hawser } from '../testing/command-line.fixture.ts';

/** Of which the library writes most, to the console. */
async function printed(...words: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    const { code, out } = await hawser(...words);
    expect(code).toBe(0);
    return `${out}${lines.join('\n')}`;
  } finally {
    log.mockRestore();
  }
}

describe('completion', () => {
  test('knows commands, options and choices', async () => {
    expect(await printed('complete', '--', 'leases', 'cr')).toMatch(/^create\t/);
    expect(await printed('complete', '--', 'leases', 'ls', '--l')).toMatch(/^--limit\t/);
    expect(await printed('complete', '--', '-o', '')).toMatch(/^table\t\nwide\t\njson\t\nyaml\t\n/);
  });

  test('offers the commands that the help lists, and no other', async () => {
    const offered = (await printed('complete', '--', '')).split('\n').flatMap((line) => (line.includes('\t') ? [line.split('\t')[0]] : []));
    const listed = [...(await hawser('help')).out.matchAll(/^ {2}([a-z]+)(?: \[\w+\])? {2,}/gm)].map(([, name]) => name);
    expect(offered).toContain('leases');
    expect(offered.toSorted()).toEqual(listed.toSorted());
  });

  test.each(['zsh', 'fish'])('has a script for %s', async (shell) => {
    expect(await printed('completion', shell)).toContain('hawser complete --');
  });

  const bash = spawnSync('bash', ['--version']).status === 0;
  test.skipIf(!bash)('completes in a bash without the functions of the package bash-completion (needs bash)', async () => {
    const script = await printed('completion', 'bash');
    const stub = `hawser() { echo "$*" >&2; printf 'leases\\tLeases.\\nls\\t\\n:4\\n'; }; compopt() { :; }`;
    const ask = 'COMP_WORDS=(hawser -o json lea); COMP_CWORD=3; __hawser_complete; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${stub}\n${script}\n${ask}`], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['leases\n', '']);
  });
});
