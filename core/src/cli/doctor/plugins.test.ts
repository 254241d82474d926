import { expect, test } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { type AnyPlugin, defineToken } from '../../plugin/index.ts';
import { testContext } from '../../testing/context.ts';
import { checkPlugins } from './plugins.ts';

const Lamp = defineToken<object>()('test.lamp.v1');

test('a plugin whose examination fails, hangs or gives garbage is told by its name, beside what the others have found', async () => {
  const lamp = (id: string, examine: () => unknown): AnyPlugin => {
    // What the compiler would refuse, as a program has it that nobody has compiled.
    const asked = examine as NonNullable<AnyPlugin['examine']>;
    return { provides: Lamp, id, summary: 'Gives light.', start: () => ({}), examine: asked };
  };
  const fine = { check: 'oil', status: 'ok', found: 'full' };
  const plugins = [
    lamp('brass', async () => [fine]),
    lamp('dark', () => Promise.reject(new Error('no wick'))),
    lamp('empty', () => undefined),
    lamp('odd', async () => [fine, null, { check: 'oil' }, { ...fine, status: 'fine' }]),
    lamp('stuck', () => new Promise(() => {})),
    lamp('text', async () => 'full'),
  ];
  const config = await loadConfig({ file: undefined, plugins, missingOk: true, environment: {} });
  const context = testContext();
  const findings = await context.clock.runUntil(checkPlugins(config, new AbortController().signal, context));
  const said = 'its examination gave what is no finding';
  expect(findings.filter(({ check }) => check !== 'plugins').map(({ check, status, found }) => `${check} ${status} ${found}`)).toEqual([
    'oil ok full',
    'dark fail no wick',
    'oil ok full',
    `odd fail ${said}`,
    `odd fail ${said}`,
    `odd fail ${said}`,
    'stuck fail its examination did not end within 10 s',
    `text fail ${said}`,
  ]);
});
