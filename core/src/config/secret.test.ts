import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { type AnyPlugin, definePlugin, defineToken } from '../plugin/index.ts';
import { configJsonSchema, configMarkdown, defaultConfigToml, diffConfigs, dumpConfig, loadConfig, Secret, secret, text } from './index.ts';

const CANARY = 'xyzzy-4711-plugh';
const URI = 'test.vault.v1.door';

const settings = z.strictObject({
  token: secret().optional().describe('Opens the door'),
  pin: secret(text({ max: 8 }).regex(/^\d+$/))
    .optional()
    .describe('Digits alone'),
  users: z
    .array(z.strictObject({ name: z.string().describe('Who'), password: secret().describe('Theirs') }))
    .default([])
    .describe('Who may come in'),
  keys: z.record(z.string(), secret()).default({}).describe('By name'),
  color: z.enum(['red', 'blue']).default('red').describe('Of the door'),
});

const door: AnyPlugin = definePlugin({
  provides: defineToken<object>()('test.vault.v1'),
  id: 'door',
  summary: 'A door.',
  config: settings,
  start: () => ({}),
});

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-secret-'))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
async function load(table: string, environment: Readonly<Record<string, string>> = {}) {
  writeFileSync(at('config.toml'), `version = 1\n[plugins."${URI}"]\n${table}\n`);
  return loadConfig({ file: at('config.toml'), plugins: [door], missingOk: false, environment });
}
type Config = Awaited<ReturnType<typeof load>>;
const settingsIn = (config: Config): z.output<typeof settings> => settings.parse(config.plugins.settings.get(URI));
const tokenIn = (config: Config): string | undefined => {
  const { token }: { readonly token?: unknown } = Object(config.plugins.settings.get(URI));
  return token instanceof Secret ? token.reveal() : undefined;
};

describe('a secret', () => {
  test('is shown nowhere: neither as text nor as JSON, in a log or to who looks into it', () => {
    const held = { token: new Secret(CANARY), list: [new Secret(CANARY)] };
    const lines: string[] = [];
    pino({}, { write: (line: string) => void lines.push(line) }).info(
      { ...held, err: new Error(`refused ${held.token.toString()}`) },
      'tried',
    );
    const shown = [JSON.stringify(held), inspect(held, { depth: 9, showHidden: true }), String(held.token), ...lines];
    for (const one of shown) {
      expect(one).not.toContain(CANARY);
      expect(one).toContain('***');
    }
    expect(held.token.reveal()).toBe(CANARY);
  });

  test('equals another with the same value, which its fingerprint tells and nothing else', () => {
    expect(isDeepStrictEqual(new Secret('one'), new Secret('one'))).toBe(true);
    expect(isDeepStrictEqual(new Secret('one'), new Secret('two'))).toBe(false);
    expect(new Secret(CANARY).fingerprint).toMatch(/^[\w-]{16}$/);
  });

  test('stands in the config, in a file, in a variable; the override of its key is its text', async () => {
    writeFileSync(at('token'), `${CANARY}\n`);
    vi.stubEnv('HWT_TOKEN', `${CANARY}-env`);
    expect(tokenIn(await load(`token = "${CANARY}"`))).toBe(CANARY);
    expect(tokenIn(await load(`token = { file = "${at('token')}" }`))).toBe(CANARY);
    expect(tokenIn(await load('token = { env = "HWT_TOKEN" }'))).toBe(`${CANARY}-env`);
    for (const value of [CANARY, '12345', 'true', '{"type":"account"}', 'a b'])
      expect(tokenIn(await load('', { HAWSER_CONFIG__PLUGINS__TEST_VAULT_V1_DOOR__TOKEN: value }))).toBe(value);
  });

  test('of a file that was replaced is another one at the next reading, and the difference names its key', async () => {
    writeFileSync(at('token'), 'old');
    const before = await load(`token = { file = "${at('token')}" }`);
    writeFileSync(at('token'), 'new');
    const after = await load(`token = { file = "${at('token')}" }`);
    expect([tokenIn(before), tokenIn(after)]).toEqual(['old', 'new']);
    expect(diffConfigs(before, after).plugins).toEqual([{ uri: URI, change: 'changed', keys: [{ key: 'token' }] }]);
    expect(diffConfigs(after, await load(`token = { file = "${at('token')}" }`)).plugins).toEqual([]);
  });
});

describe('faults of secrets', () => {
  const pipe = (): string => {
    execFileSync('mkfifo', [at('pipe')]);
    return at('pipe');
  };
  test.for<readonly [string, () => string, string]>([
    ['a number', () => 'token = 471142', 'token expected text, { file = "/…" } or { env = "NAME" }'],
    ['a list', () => `token = ["${CANARY}"]`, 'token expected text, { file'],
    ['a table of something else', () => `token = { value = "${CANARY}" }`, 'token.value is unknown; known here: env, file'],
    ['of another form', () => `pin = "${CANARY}"`, 'pin is not of the form that it must have'],
    ['empty', () => 'token = ""', 'token is empty'],
    ['in a relative file', () => 'token = { file = "token" }', 'token.file expected an absolute path'],
    ['in a file that is not there', () => `token = { file = "${at('none')}" }`, 'ENOENT'],
    ['in a folder', () => `token = { file = "${folder}" }`, 'is no file'],
    ['in a pipe that nobody writes to', () => `token = { file = "${pipe()}" }`, 'is no file'],
    ['in a variable that is not set', () => 'token = { env = "HWT_NOT_THERE" }', 'the variable HWT_NOT_THERE is not set'],
    ['too long', () => `token = "${'x'.repeat(65 * 1024)}"`, 'has more than 64 KiB'],
    ['deep inside', () => `users = [{ name = "a", password = 471142 }]\nkeys = { a = 471142 }`, 'users[0].password expected text'],
    ['unknown beside it', () => `token = "${CANARY}"\ntokem = "${CANARY}"`, 'did you mean "token"?'],
  ])('%s: is told with its place and without its value', async ([, table, message]) => {
    const error = await load(table()).then(
      () => expect.fail('it was taken'),
      (thrown: unknown) => thrown,
    );
    const shown = inspect(error, { depth: 20 });
    expect(shown).toContain('config.toml:');
    expect(shown).toContain(message);
    for (const value of [CANARY, '471142', 'xxxxxxxxxx']) expect(shown).not.toContain(value);
  });
});

test('what is shown of a config has no secret, and shows what is only referred to', async () => {
  vi.stubEnv('HWT_TOKEN', CANARY);
  writeFileSync(at('password'), CANARY);
  const config = await load(
    [
      'token = { env = "HWT_TOKEN" }',
      'pin = "47114711"',
      `users = [{ name = "a", password = "${CANARY}" }, { name = "b", password = { file = "${at('password')}" } }]`,
      `keys = { one = "${CANARY}" }`,
    ].join('\n'),
  );
  const { toml, json } = dumpConfig(config);
  const changed = diffConfigs(config, await load(`pin = "1"\nusers = [{ name = "a", password = "${CANARY}2" }]\ncolor = "blue"`));
  for (const one of [
    toml,
    JSON.stringify(json),
    JSON.stringify(config.plugins.settings.get(URI)),
    inspect(settingsIn, { depth: 9 }),
    JSON.stringify(changed),
  ]) {
    expect(one).not.toContain(CANARY);
    expect(one).not.toContain('47114711');
  }
  expect(toml).toContain('pin = "***" # ');
  expect(toml).toContain('env = "HWT_TOKEN"');
  expect(toml).toContain(`{ name = "b", password = { file = "${at('password')}" } }`);
  expect(toml).toMatch(/\[plugins\."test\.vault\.v1\.door"\.keys\]\none = "\*\*\*"/);
  expect(changed.plugins[0]?.keys).toContainEqual({ key: 'pin' });
  expect(changed.plugins[0]?.keys).toContainEqual({ key: 'color', before: 'red', after: 'blue' });
});

test('the reference, the default config and the JSON Schema say that it is one', () => {
  expect(configMarkdown([door])).toContain('| `token` | secret |  | Opens the door |');
  expect(configMarkdown([door])).toContain('| `users[].password` | secret | **required** | Theirs |');
  expect(defaultConfigToml([door])).toContain('# token = … (secret; none unless set)');
  expect(configJsonSchema([door])).toMatchObject({
    properties: { plugins: { properties: { [URI]: { properties: { token: { writeOnly: true, anyOf: [{ type: 'string' }, {}, {}] } } } } } },
  });
});
