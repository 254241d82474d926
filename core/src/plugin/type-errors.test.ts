import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile, type Compiled } from './compile.fixture.ts';

/** A mistake that an author can make, and what the compiler says of it: ours, or the end of its own explanation. */
interface Mistake {
  readonly code: string;
  readonly says: string;
}

const from = (file: string): string => JSON.stringify(join(import.meta.dirname, '..', file));

const PRELUDE = `
import * as z from 'zod';
import { assemble, definePlugin, defineToken } from ${from('plugin/index.ts')};
import { defineErrors } from ${from('errors/index.ts')};
interface Lamp { light(): string }
interface Oil { drops(): number }
const Lamp = defineToken<Lamp>()('acme.lamp.v1');
const Oil = defineToken<Oil>()('acme.oil.v1');
const common = { summary: 'A lamp.' } as const;
const light = () => ({ light: () => 'yellow' });
const oil = definePlugin({ ...common, provides: Oil, id: 'whale', start: () => ({ drops: () => 7 }) });
const lamp = definePlugin({ ...common, provides: Lamp, id: 'brass', requires: { oil: Oil }, start: ({ oil }) => ({ light: () => String(oil.drops()) }) });
const byId = definePlugin({ ...common, provides: Lamp, id: 'tin', requires: { oil: Oil.byId('olive') }, start: light });
`;

const ASSEMBLY: Readonly<Record<string, Mistake>> = {
  missing: { code: `assemble([lamp]);`, says: `plugin 'brass' requires 'acme.oil.v1', which no plugin in this set provides` },
  missingById: { code: `assemble([oil, byId]);`, says: `plugin 'tin' requires 'acme.oil.v1.olive', which no plugin in this set provides` },
  own: {
    code: `assemble([definePlugin({ ...common, provides: Lamp, id: 'x', requires: { l: Lamp.optional() }, start: light })]);`,
    says: `plugin 'x' requires 'acme.lamp.v1', which it provides itself`,
  },
  ownById: {
    code: `assemble([definePlugin({ ...common, provides: Lamp, id: 'x', requires: { l: Lamp.byId('x') }, start: light })]);`,
    says: `plugin 'x' requires 'acme.lamp.v1.x', which it provides itself`,
  },
  ownAmongAll: {
    code: `assemble([definePlugin({ ...common, provides: Lamp, id: 'x', requires: { l: Lamp.all() }, start: light })]);`,
    says: `plugin 'x' requires 'acme.lamp.v1', which it provides itself`,
  },
  reserved: {
    code: `assemble([oil, definePlugin({ ...common, provides: Lamp, id: 'x', requires: { config: Oil }, start: light })]);`,
    says: `plugin 'x' requires something as 'config', a name that start already has`,
  },
  noVersion: {
    code: `assemble([definePlugin({ ...common, provides: defineToken<Lamp>()('acme.lamp'), id: 'x', start: light })]);`,
    says: `plugin 'x' provides 'acme.lamp', which is no type id`,
  },
  noId: {
    code: `assemble([definePlugin({ ...common, provides: Lamp, id: 'Brass', start: light })]);`,
    says: `plugin 'acme.lamp.v1.Brass' has the id 'Brass', which is none`,
  },
  twice: { code: `assemble([oil, lamp, oil]);`, says: `plugin 'acme.oil.v1.whale' is in this set twice` },
};

const DEFINITION: Readonly<Record<string, Mistake>> = {
  wrongService: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', start: () => ({ dark: () => '' }) });`,
    says: `Type '{ dark: () => string; }' is not assignable to type 'Promise<Skipped | NoInfer<Lamp>> | Skipped | NoInfer<Lamp>'.`,
  },
  noService: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', start: () => undefined });`,
    says: `Type 'undefined' is not assignable to type`,
  },
  undeclared: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', start: ({ oil }) => ({ light: () => String(oil) }) });`,
    says: `Property 'oil' does not exist on type 'StartContext<Record<string, never>> & Resolved<Record<never, never>>'.`,
  },
  unlooked: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', requires: { oil: Oil.optional() }, start: ({ oil }) => ({ light: () => String(oil.drops()) }) });`,
    says: `'oil' is possibly 'undefined'.`,
  },
  oneOfAll: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', requires: { oils: Oil.all() }, start: ({ oils }) => ({ light: () => String(oils.drops()) }) });`,
    says: `Property 'drops' does not exist on type 'LiveProviders<Oil>'.`,
  },
  noToken: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', requires: { oil: 'acme.oil.v1' }, start: light });`,
    says: `Type 'string' is not assignable to type 'Requirement`,
  },
  unknownSetting: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', config: z.strictObject({ wick: z.string() }), start: ({ config }) => ({ light: () => config.wcik }) });`,
    says: `Property 'wcik' does not exist on type '{ wick: string; }'.`,
  },
  unknownKeyToTake: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', config: z.strictObject({ wick: z.string() }), start({ onReconfigure }) { onReconfigure(() => {}, ['wcik']); return light(); } });`,
    says: `Type '"wcik"' is not assignable to type '"wick"'.`,
  },
  noSummary: { code: `definePlugin({ provides: Lamp, id: 'x', start: light });`, says: `Property 'summary' is missing in type` },
  noSuchStability: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', stability: 'solid', start: light });`,
    says: `Type '"solid"' is not assignable to type 'Stability'.`,
  },
  noDisposable: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', start({ scope }) { scope.use({ close() {} }); return light(); } });`,
    says: `'close' does not exist in type 'AsyncDisposable | Disposable'.`,
  },
  workerWithoutPromise: {
    code: `definePlugin({ ...common, provides: Lamp, id: 'x', start({ scope }) { scope.spawn('w', () => 7); return light(); } });`,
    says: `Type 'number' is not assignable to type 'Promise<void>'.`,
  },
  noRemedy: {
    code: `defineErrors('acme', { dark: { kind: 'Internal' } });`,
    says: `Property 'remedy' is missing in type '{ kind: "Internal"; }'`,
  },
  noSuchKind: {
    code: `defineErrors('acme', { dark: { kind: 'Gloomy', remedy: 'Wait.' } });`,
    says: `Type '"Gloomy"' is not assignable to type`,
  },
};

const SOUND = `assemble([oil, lamp, definePlugin({ ...common, provides: Lamp, id: 'x', requires: { oils: Oil.all() }, start: light })]);`;

describe('the compiler says', () => {
  let compiled: Compiled;
  beforeAll(async () => {
    const all = { ...ASSEMBLY, ...DEFINITION, sound: { code: SOUND } };
    compiled = await compile(Object.fromEntries(Object.entries(all).map(([name, { code }]) => [name, `${PRELUDE}${code}\n`])));
  }, 120_000);

  test.each(Object.entries(ASSEMBLY))('what is wrong with a set, in the words of boot: %s', (name, { says }) => {
    const errors = compiled.errors[name] ?? [];
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toContain(`is not assignable to type '"${says}"'`);
  });

  test.each(Object.entries(DEFINITION))('what is wrong with a definition: %s', (name, { says }) => {
    expect(compiled.errors[name]?.join('\n') ?? 'nothing').toContain(says);
  });

  test('nothing about what is right', () => {
    expect(compiled.errors['sound']).toBeUndefined();
    expect(Object.keys(compiled.errors).toSorted()).toEqual([...Object.keys(ASSEMBLY), ...Object.keys(DEFINITION)].toSorted());
  });
});
