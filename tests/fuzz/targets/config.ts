import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  cidr,
  definePlugin,
  defineToken,
  dumpConfig,
  duration,
  type JsonObject,
  loadConfig,
  type LoadOptions,
  migrateConfig,
} from '@hawser/core';
import * as fc from 'fast-check';
import * as z from 'zod';
import { editToml } from '../../../core/src/config/edit-toml.ts';
import { environmentLayer } from '../../../core/src/config/environment.ts';
import { parseFile } from '../../../core/src/config/parse-file.ts';
import { faultsOf } from '../../../core/src/config/faults-of.fixture.ts';
import { keyLines } from '../../../core/src/config/positions.ts';
import type { AgentConfig, ConfigFault } from '../../../core/src/config/agent-config.ts';
import { checkRefusal, hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const range = definePlugin({
  provides: defineToken<object>()('hawser.ipam.v1'),
  id: 'range',
  summary: 'Addresses.',
  config: z.object({
    ranges: z.array(z.union([cidr(), z.strictObject({ subnet: cidr() })])).default([]),
    labels: z.record(z.string(), z.string()).default({}),
    cooldown: duration().default(0),
  }),
  configVersion: 2,
  configMigrations: { 1: ({ tags, ...table }) => ({ ...table, ...(tags === undefined ? {} : { labels: tags }) }) },
  start: () => ({}),
});

const KEYS = [
  'root',
  'state',
  'imports',
  'unset',
  'required',
  'disabled',
  'version',
  'plugins',
  'packages',
  'a.b',
  'config_version',
  'tags',
  'labels',
  'ranges',
  'cooldown',
];
const TABLE = '"hawser.ipam.v1.range"';
const PIECES = [
  ...KEYS.map((key) => `${key} = `),
  ...[
    '[',
    ']',
    '[[',
    '{',
    '}',
    '"',
    "'",
    '"""',
    "'''",
    '\\',
    '\\u0041',
    '\\U0010FFFF',
    '\n',
    '\r\n',
    '#',
    ' # c\n',
    '=',
    ',',
    '.',
    '_',
    '\0',
    '\ufeff',
  ],
  ...[
    'true',
    'inf',
    'nan',
    '0x1F',
    '1_000',
    '1979-05-27',
    '07:32:00',
    '[plugins."hawser.ipam.v1.range"]\n',
    'config_version = 1\n',
    '"10.88.0.0/16"',
  ],
];

const scalar = fc.oneof(
  fc.string().map((text) => JSON.stringify(text)),
  fc.integer().map(String),
  fc.constantFrom(
    'true',
    'inf',
    'nan',
    '1979-05-27',
    '07:32:00',
    '0x1F',
    '1e400',
    '99999999999999999999',
    '"10.88.0.0/16"',
    '"30s"',
    '"/srv"',
  ),
);
const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `{ ${items.map((item, index) => `k${index} = ${item}`).join(', ')} }`),
  ),
})).value;
const key = fc.oneof(
  fc.constantFrom(...KEYS, `plugins.${TABLE}.labels`),
  fc.string().map((text) => JSON.stringify(text)),
);
const line = fc.oneof(
  fc.tuple(key, value, fc.constantFrom('', ' # why', '  ')).map(([name, one, end]) => `${name} = ${one}${end}`),
  key.map((name) => `[${name}]`),
  key.map((name) => `[[${name}]]`),
  fc.constantFrom(
    `[plugins.${TABLE}]`,
    'ranges = ["10.88.0.0/16"]',
    '# remark',
    '',
    'tags = { a = "b" } # c',
    'config_version = 1',
    'imports = ["a.toml"]',
    'unset = ["root"]',
  ),
);
const document = fc.array(line, { maxLength: 10 }).map((lines) => lines.join('\n'));

/** Behind this line stands the file that the first one may import. */
const NEXT = '\n#--- a.toml ---\n';

/** A whole config: a main file and one beside it. */
export const config: FuzzTarget = {
  name: 'config',
  summary:
    'config files with imports, removals and migrations: settings, or faults that say where; migrated they say the same, comments kept',
  format: 'text',
  pieces: [...PIECES, NEXT],
  grammar: fc.tuple(document, document).map((files) => files.join(NEXT)),
  runs: 150,
  slowMs: 4_000,
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-fuzz-config-'));
    return {
      attempt: (input) => attemptConfig(folder, input.toString('latin1')),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  },
};

async function attemptConfig(folder: string, text: string): Promise<void> {
  const at = text.indexOf(NEXT);
  const files = new Map([
    ['main.toml', at < 0 ? text : text.slice(0, at)],
    ['a.toml', at < 0 ? '' : text.slice(at + NEXT.length)],
  ]);
  for (const [name, content] of files) await writeFile(join(folder, name), content, 'latin1');
  const options = { file: join(folder, 'main.toml'), plugins: [range], missingOk: false, environment: {} };
  try {
    const loaded = await loadConfig(options);
    await attemptDump(folder, options, loaded);
    await attemptMigration(options, loaded.plugins);
  } catch (error) {
    for (const fault of faultsOf(checkRefusal(error, 'config'))) checkFault(fault, folder, files);
  }
}

/** What is dumped can be loaded again, and means the same. */
async function attemptDump(folder: string, options: LoadOptions, loaded: AgentConfig): Promise<void> {
  const file = join(folder, 'dumped.toml');
  const { toml, json } = dumpConfig(loaded);
  await writeFile(file, toml);
  const again = dumpConfig(await loadConfig({ ...options, file })).json;
  hold(isDeepStrictEqual(again['config'], json['config']), 'dumped and loaded again it has other settings');
}

/** Migrated files mean what the old ones did, are not old any more, and have kept what people wrote beside it. */
async function attemptMigration(options: LoadOptions, before: unknown): Promise<void> {
  const migrations = await migrateConfig(options);
  if (migrations.length === 0) return;
  for (const { file, before: old, after, commentsKept } of migrations) {
    if (commentsKept)
      for (const comment of old.match(/^#.*$/gm) ?? []) hold(after.includes(comment.trimEnd()), `the remark ${comment} is lost`);
    await writeFile(file, after);
  }
  const { plugins } = await loadConfig(options);
  hold(isDeepStrictEqual(plugins, before), 'migrated it has other settings');
  hold((await migrateConfig(options)).length === 0, 'migrated it is still old');
}

function checkFault({ file = '', line = 1, key, message }: ConfigFault, folder: string, files: ReadonlyMap<string, string>): void {
  const text = files.get(file.slice(folder.length + 1));
  hold(text !== undefined, `a fault in ${JSON.stringify(file)}, which nobody wrote: ${message}`);
  hold(line >= 1 && line <= text.split('\n').length, `a fault in line ${line}, which is not there: ${message}`);
  hold(typeof key === 'string' && message !== '', 'a fault without a key or a sentence');
}

/** One file by itself, which is much faster. */
export const toml: FuzzTarget = {
  name: 'toml',
  summary: 'one TOML file: a table with the line of each key, or a fault with its line; edited it says what it must',
  format: 'text',
  pieces: PIECES,
  grammar: document,
  runs: 800,
  slowMs: 4_000,
  open: () => ({
    attempt(input) {
      const lines = input.toString('latin1').split('\n').length;
      const parsed = parseFile('main.toml', input, keyLines);
      if (!('table' in parsed)) {
        hold(parsed.message !== '' && (parsed.line ?? 1) >= 1 && (parsed.line ?? 1) <= lines, `a fault in line ${parsed.line} of ${lines}`);
        return;
      }
      for (const origin of parsed.origins.values()) {
        if ('line' in origin) hold((origin.line ?? 1) >= 1 && (origin.line ?? 1) <= lines, `a key in line ${origin.line} of ${lines}`);
      }
      if (input.length > 2_000) return;
      // From nothing, and from what is there: a key more, and the others as they were.
      checkEdit('', {}, parsed.table);
      checkEdit(parsed.text, parsed.table, { ...parsed.table, 'a new key': [1, { b: 'c' }] });
    },
  }),
};

function checkEdit(text: string, before: JsonObject, after: JsonObject): void {
  const edited = editToml(text, before, after);
  const again = parseFile('main.toml', Buffer.from(edited.text), () => new Map());
  hold('table' in again && isDeepStrictEqual(again.table, after), 'edited it says something else');
}

const variable = fc.tuple(
  fc.array(
    fc.oneof(fc.constantFrom('PLUGINS', 'HAWSER_IPAM_V1_RANGE', 'LABELS', 'RANGES', 'COOLDOWN', 'ROOT', 'VERSION', ''), fc.string()),
    { minLength: 1, maxLength: 4 },
  ),
  value,
);

/** What the environment overrides. */
export const environment: FuzzTarget = {
  name: 'environment',
  summary: 'HAWSER_CONFIG__ variables: a layer over the files, or a fault that names the variable',
  format: 'text',
  pieces: [...PIECES, '__', '_', 'PLUGINS__HAWSER_IPAM_V1_RANGE__', 'LABELS__'],
  grammar: variable.map(([path, text]) => `${path.join('__')}=${text}`),
  runs: 400,
  // The variables of a process have 128 KiB at most.
  large: false,
  open: () => ({
    attempt(input) {
      const text = input.toString();
      const at = text.indexOf('=');
      const name = `HAWSER_CONFIG__${at < 0 ? text : text.slice(0, at)}`;
      const { layer, faults } = environmentLayer([{ name, text: at < 0 ? '' : text.slice(at + 1) }], [range]);
      for (const { variable, message } of faults) hold(variable === name && message !== '', 'a fault that names no variable');
      hold(faults.length > 0 || Object.keys(layer.table).length === 1, 'neither a setting nor a fault');
      hold(JSON.stringify(layer.table) !== undefined, 'no JSON');
    },
  }),
};
