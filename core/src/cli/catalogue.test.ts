import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
  expect((await hawser('errors', 'show', 'metadata.locked', '-o', 'json')).out).toContain('"code": "metadata.locked"');
  const unknown = await hawser('errors', 'show', 'no.such');
  expect(unknown.code).toBe(4);
  expect(unknown.err).toContain('hawser errors ls');
});
