import { expect, test } from 'vitest';
import { toHawserError } from '../errors/index.ts';
import { load, PLUGINS, write } from './load.fixture.ts';
import { loadConfig } from './load.ts';

const RANGE = '[plugins."hawser.ipam.v1.range"]';

const options = { plugins: PLUGINS, missingOk: false, environment: {}, lines: 'for_faults' } as const;

test('a config that is in order says the same where no lines are looked for', async () => {
  const file = await write({ 'config.toml': `version = 1\n${RANGE}\ncooldown = "5s"\n` });
  const [{ origins, ...whole }, { origins: _none, ...bare }] = [await load(file), await loadConfig({ ...options, file })];
  expect(origins.get('version')).toMatchObject({ line: 1 });
  expect(bare).toEqual(whole);
});

test.each([
  ['faults', `version = 1\n${RANGE}\ncooldown = "no"\n`],
  ['what is no TOML', 'version = \n'],
])('%s are told with their lines all the same', async (_what, text) => {
  const file = await write({ 'config.toml': text });
  const [whole, bare] = await Promise.all([load(file), loadConfig({ ...options, file })].map((config) => config.catch(toHawserError)));
  expect(bare).toEqual(whole);
  expect(bare).toMatchObject({ code: 'config.invalid', details: { faults: [{ line: expect.any(Number) }] } });
});
