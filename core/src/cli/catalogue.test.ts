import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { hawser } from '../testing/command-line.fixture.ts';
import { catalogueMarkdown, errorCatalogue } from './catalogue.ts';

const CORE = join(import.meta.dirname, '..');

/** The codes that the sources of core declare, found as text, so that one that nobody lists is missed. */
function declared(): readonly string[] {
  const files = globSync('**/*.ts', { cwd: CORE, exclude: (name) => /(\.test|\.fixture)\.ts$/.test(name) || name === 'testing' });
  return files.flatMap((file) => {
    const source = readFileSync(join(CORE, file), 'utf8');
    return Array.from(
      source.matchAll(/^(?:export )?const \w+ = defineErrors\('(\w+)', \{\n([\s\S]*?)^\}\);/gm),
      ([, area = '', body = '']) =>
        Array.from(
          body.matchAll(/^ {2}(\w+): /gm),
          ([, name = '']) => `${area}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        ),
    ).flat();
  });
}

test('lists every error that core declares, each with a sentence that says what to do', () => {
  const entries = errorCatalogue([]);
  const codes = declared();
  expect(codes.length).toBeGreaterThan(80);
  expect(codes.filter((code) => !entries.some((entry) => entry.code === code))).toEqual([]);
  expect(entries.filter(({ remedy }) => !/^[A-Z].*\.$/.test(remedy))).toEqual([]);
});

test('as Markdown each has a row', () => {
  const entries = errorCatalogue([]);
  const page = catalogueMarkdown(entries);
  for (const { code } of entries) expect(page).toContain(`| \`${code}\` |`);
});

test('explains one by its code', async () => {
  const { out } = await hawser('errors', 'show', 'agent.folder_failed', '-o', 'json');
  expect(JSON.parse(out)).toEqual({
    code: 'agent.folder_failed',
    kind: 'PermissionDenied',
    remedy: expect.stringContaining('root'),
    means: 'this user may not',
    exitCode: 1,
  });
  expect((await hawser('errors', 'show', 'api.no_agent')).out).toMatch(/^EXIT: +3$/m);
});

test.each([
  ['agent.folder_faild', "there is no error 'agent.folder_faild'; did you mean 'agent.folder_failed'?"],
  ['folder_failed', "there is no error 'folder_failed'; did you mean 'agent.folder_failed'?"],
  ['NO_SUCH_THING_AT_ALL', "there is no error 'NO_SUCH_THING_AT_ALL'"],
])('%s is none, and what was meant is told where it can be guessed', async (code, message) => {
  const unknown = await hawser('errors', 'show', code, '-o', 'json');
  expect(unknown.code).toBe(4);
  expect(JSON.parse(unknown.err)).toMatchObject({
    error: { code: 'cli.no_such_error', message, remedy: expect.stringContaining('errors ls') },
  });
});

test('its code is completed', async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await hawser('complete', '--', 'errors', 'show', 'agent.fol');
    const lines = print.mock.calls.map(([line]) => String(line).trim());
    expect(lines).toEqual(expect.arrayContaining(['agent.folder_failed', 'agent.folder_shared']));
    expect(lines).not.toContain('agent.notify_failed');
  } finally {
    print.mockRestore();
  }
});
