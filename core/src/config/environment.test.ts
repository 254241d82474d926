import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { HawserError } from '../errors/index.ts';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { dumpConfig } from './dump.ts';
import { CORE_KEYS, faults, load, PLUGINS, write } from './load.fixture.ts';
import { stateFolder } from './state-folder.ts';

const BRIDGE = 'HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE';
const RANGE = 'HAWSER_CONFIG__PLUGINS__HAWSER_IPAM_V1_RANGE';
const KNOWN = CORE_KEYS.filter((key) => !['version', 'imports'].includes(key))
  .map((key) => key.toUpperCase())
  .join(', ');
const bridgeWith = async (environment: Record<string, string>) => {
  const { plugins } = await load(undefined, true, { [`${BRIDGE}__BRIDGE`]: 'b', ...environment });
  return plugins.settings.get('hawser.mode.v1.bridge');
};

describe('a variable of the environment', () => {
  it('overrides every file, and is the origin of its value', async () => {
    const file = await write({ 'c.toml': 'root = "/a"\nstate = "/s"\n[plugins."hawser.mode.v1.bridge"]\nbridge = "b"\nmtu = 1' });
    const environment = { HAWSER_CONFIG__ROOT: '/env', [`${BRIDGE}__MTU`]: '1400', OTHER: 'x' };
    const config = await load(file, false, environment);
    expect(config.root).toBe('/env');
    expect(config.plugins.settings.get('hawser.mode.v1.bridge')).toEqual({ bridge: 'b', mtu: 1400, labels: {} });
    const { toml, json } = dumpConfig(config);
    expect(toml).toContain('root = "/env" # HAWSER_CONFIG__ROOT\n');
    expect(toml).toContain(`mtu = 1400 # ${BRIDGE}__MTU\n`);
    expect(json).toMatchObject({ origins: { root: { variable: 'HAWSER_CONFIG__ROOT' }, state: { file, line: 2 } } });
  });

  it.each([
    ['text as it is where the key takes only text', { [`${BRIDGE}__BRIDGE`]: '"quoted" = 5' }, { bridge: '"quoted" = 5' }],
    ['empty text', { [`${BRIDGE}__BRIDGE`]: '' }, { bridge: '' }],
    ['a number', { [`${BRIDGE}__MTU`]: '0' }, { mtu: 0 }],
    ['a table in TOML', { [`${BRIDGE}__LABELS`]: '{ a = "1" }' }, { labels: { a: '1' } }],
    ['one key of a free table as it is written', { [`${BRIDGE}__LABELS__My-key`]: '1' }, { labels: { 'My-key': '1' } }],
    [
      'a table, then one key of it',
      { [`${BRIDGE}__LABELS`]: '{ a = "1", b = "2" }', [`${BRIDGE}__LABELS__b`]: '3' },
      { labels: { a: '1', b: '3' } },
    ],
    ['either of two types', { [`${BRIDGE}__VIA`]: '10.0.0.0/8' }, { via: '10.0.0.0/8' }],
    ['the other one', { [`${BRIDGE}__VIA`]: '{ subnet = "10.0.0.0/8" }' }, { via: { subnet: '10.0.0.0/8' } }],
  ])('gives %s', async (_, environment, expected) => {
    expect(await bridgeWith(environment)).toMatchObject(expected);
  });

  it('gives a list, which replaces that of the files', async () => {
    const file = await write({ 'c.toml': 'required = ["hawser.ipam.v1.range", "hawser.mode.v1.bare"]' });
    const config = await load(file, false, { HAWSER_CONFIG__REQUIRED: '["hawser.mode.v1.bare"]', [`${RANGE}__RANGES`]: '[]' });
    expect(config.required).toEqual(['hawser.mode.v1.bare']);
    expect(config.plugins.settings.get('hawser.ipam.v1.range')).toMatchObject({ ranges: [] });
  });

  it('takes away what files have set', async () => {
    const file = await write({ 'c.toml': 'root = "/a"\nrequired = ["hawser.mode.v1.bare"]' });
    const config = await load(file, false, { HAWSER_CONFIG__UNSET: '["root", "required.\\"hawser.mode.v1.bare\\""]' });
    expect([config.root, config.required]).toEqual(['/var/lib/hawser', []]);
  });

  it('turns on a plugin that is on when it has a table', async () => {
    const { plugins } = await load(undefined, true, { [`${BRIDGE}__BRIDGE`]: 'b' });
    expect([...plugins.configured]).toEqual(['hawser.mode.v1.bridge']);
  });

  it('that names no key is refused with what was probably meant', async () => {
    const environment = {
      HAWSER_CONFIG__: 'x',
      HAWSER_CONFIG__ROT: 'x',
      HAWSER_CONFIG__IMPORTS: '["/x"]',
      HAWSER_CONFIG__ROOT__X: 'x',
      HAWSER_CONFIG__PLUGIN__X: 'x',
      HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIGDE__MTU: '1',
      [`${BRIDGE}__BRIDGE`]: 'b',
      [`${BRIDGE}__MUT`]: '1',
      [`${RANGE}__RANGES__0`]: '1',
    };
    expect(await faults({ 'c.toml': '' }, environment)).toEqual([
      `HAWSER_CONFIG__  names no key; known there: ${KNOWN}`,
      'HAWSER_CONFIG__IMPORTS  sets a key that only a file can have',
      `HAWSER_CONFIG__PLUGIN__X  names no key; known there: ${KNOWN} (HAWSER_CONFIG__PLUGINS__X)`,
      'HAWSER_CONFIG__ROOT__X  names no key: nothing is set one by one in root',
      `HAWSER_CONFIG__ROT  names no key; known there: ${KNOWN} (HAWSER_CONFIG__ROOT)`,
      'HAWSER_CONFIG__PLUGINS__HAWSER_IPAM_V1_RANGE__RANGES__0  names no key: nothing is set one by one in plugins."hawser.ipam.v1.range".ranges',
      `HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE__MUT  names no key in plugins."hawser.mode.v1.bridge"; known there: BRIDGE, LABELS, MTU, VIA (${BRIDGE}__MTU)`,
      `HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIGDE__MTU  names no key in plugins; known there: HAWSER_IPAM_V1_RANGE, HAWSER_MODE_V1_BARE, HAWSER_MODE_V1_BRIDGE (${BRIDGE}__MTU)`,
    ]);
  });

  it('with a wrong value is to blame for it', async () => {
    expect(
      await faults(
        { 'c.toml': '' },
        { HAWSER_CONFIG__STATE: 'run', HAWSER_CONFIG__DISABLED: '5', [`${BRIDGE}__BRIDGE`]: 'b', [`${BRIDGE}__MTU`]: 'big' },
      ),
    ).toEqual([
      'HAWSER_CONFIG__STATE state expected an absolute path, not "run"',
      'HAWSER_CONFIG__DISABLED disabled expected a list, not 5',
      `${BRIDGE}__MTU plugins."hawser.mode.v1.bridge".mtu expected a number, not "big"`,
    ]);
  });

  it('that could mean two keys is refused', async () => {
    const config = z.strictObject({ a_b: z.string().optional(), 'a-b': z.string().optional() });
    const twins = definePlugin({ provides: defineToken<object>()('x.v1'), id: 'twins', summary: 'x', config, start: () => ({}) });
    expect(await faults({ 'c.toml': '' }, { HAWSER_CONFIG__PLUGINS__X_V1_TWINS__A_B: '1' }, [twins])).toEqual([
      'HAWSER_CONFIG__PLUGINS__X_V1_TWINS__A_B  could mean "a_b" or "a-b"; write it in a file',
    ]);
  });

  it('moves the state folder for who reads nothing else of a config', async () => {
    const file = await write({ 'c.toml': 'state = "/s"' });
    expect(await stateFolder(file, false, { HAWSER_CONFIG__STATE: '/env' })).toBe('/env');
    expect(await stateFolder(file, false, {})).toBe('/s');
    await expect(stateFolder(file, false, { HAWSER_CONFIG__STATE: 'x' })).rejects.toMatchObject({ code: 'config.invalid' });
  });

  it('is a config or an error of the config area, whatever it says', async () => {
    const part = fc.oneof(
      fc.constantFrom('PLUGINS', 'HAWSER_MODE_V1_BRIDGE', 'LABELS', 'VIA', 'ROOT', 'UNSET', '__proto__', ''),
      fc.string(),
    );
    const value = fc.oneof(
      fc.constantFrom('[', '{a=1}', '[1,', '1\nx=2', '{ __proto__ = 1 }', '1979-05-27', '['.repeat(5000), '9'.repeat(30)),
      fc.string({ unit: 'binary' }),
    );
    const environment = fc.dictionary(
      fc.array(part, { maxLength: 4 }).map((parts) => `HAWSER_CONFIG__${parts.join('__')}`),
      value,
      { maxKeys: 3 },
    );
    await fc.assert(
      fc.asyncProperty(environment, async (variables) => {
        await load(undefined, true, variables, PLUGINS).catch((error: unknown) => {
          if (!(error instanceof HawserError) || !error.code.startsWith('config.')) throw error;
        });
      }),
      { numRuns: 300 },
    );
  });
});
