import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { systemContext } from '../context/index.ts';
import type { JsonObject } from '../json.ts';
import { type AnyPlugin, boot, definePlugin, type Kernel, type Token } from '../plugin/index.ts';

/** What a plugin needs for the contract to start it. */
export interface PluginContractOptions {
  /** The plugin's table as a user writes it; its defaults unless told. */
  readonly config?: JsonObject;
  /** Plugins that provide what it requires: fakes, or real ones. Made anew for each boot. */
  readonly requires?: () => readonly AnyPlugin[] | Promise<readonly AnyPlugin[]>;
  /** Runs after each test, for what `requires` has taken. */
  readonly release?: () => Promise<void>;
}

/** A plugin that provides this value, for tests of plugins that require it. */
export function fakePlugin<T>(token: Token<T>, id: string, value: NoInfer<T>): AnyPlugin {
  return definePlugin({ provides: token, id, summary: 'Stands in for the real one in tests.', start: () => value });
}

/**
 * What every plugin owes its users, whatever it does: a documented and strict config, a start that can be repeated,
 * a stop that leaves no timer, socket or worker behind, and obedience to its signal.
 */
export function describePluginContract(plugin: AnyPlugin, options: PluginContractOptions = {}): void {
  const uri = `${plugin.provides.id}.${plugin.id}`;

  describe(`${uri} as a plugin`, () => {
    let before: Map<string, number>;
    beforeEach(() => {
      before = countResources();
    });
    afterEach(async () => {
      await options.release?.();
    });

    test('has a versioned type, an id and a summary that is a sentence', () => {
      expect(uri).toMatch(/^[a-z][a-z0-9]*(\.[a-z0-9_-]+)*\.v[0-9]+\.[a-z0-9][a-z0-9-]*$/);
      expect(plugin.summary).toMatch(/^[A-Z].*\.$/);
    });

    test('documents every key of its config and refuses keys that it does not know', () => {
      const schema = configOf(plugin);
      if (!schema) return;
      expect(undocumentedKeys(schema)).toEqual([]);
      const parsed = schema.safeParse({ ...options.config, surely_not_a_key_of_this_plugin: 1 });
      expect(parsed.success).toBe(false);
    });

    test('gives a remedy for each of its errors', () => {
      for (const factory of Object.values(plugin.errors ?? {})) {
        expect(factory.code).toMatch(/^[a-z][a-z0-9-]*\.[a-z0-9_]+$/);
        expect(factory.definition.remedy).toMatch(/^[A-Z].*\.$/);
      }
    });

    test('starts, stops, and starts again', async () => {
      for (let round = 0; round < 2; round++) {
        const kernel = await start(plugin, options);
        const report = kernel.reports().find((candidate) => candidate.uri === uri);
        expect(report).toMatchObject({ status: expect.stringMatching(/^(ok|degraded|skipped)$/) as string });
        const { errors } = await kernel.stop('the contract asks for it');
        expect(errors.map(({ error }) => error.message)).toEqual([]);
      }
    });

    test('leaves no handle, timer or socket behind when it has stopped', async () => {
      const kernel = await start(plugin, options);
      await kernel.stop('the contract asks for it');
      await options.release?.();
      await expect.poll(() => leaked(before), { timeout: 2_000, interval: 20 }).toEqual([]);
    });

    test('ends its start soon when it is told to stop in the midst of it', async () => {
      expect(await startThatIsStopped(plugin, options, START_GRACE_MS)).toBe('ended');
    });

    test('gives up its start when it is told to stop', async () => {
      const reason = new AbortController();
      reason.abort(new Error('stopped before it began'));
      await start(plugin, options, reason.signal).then(
        (kernel) => kernel.stop('the contract asks for it'),
        () => undefined,
      );
      await options.release?.();
      await expect.poll(() => leaked(before), { timeout: 2_000, interval: 20 }).toEqual([]);
    });
  });
}

async function start(plugin: AnyPlugin, options: PluginContractOptions, signal?: AbortSignal): Promise<Kernel> {
  const uri = `${plugin.provides.id}.${plugin.id}`;
  const settings = configOf(plugin)?.parse(options.config ?? {}) ?? {};
  return boot({
    plugins: [...((await options.requires?.()) ?? []), plugin],
    config: { settings: new Map([[uri, settings]]), configured: new Set([uri]), disabled: new Set(), required: new Set() },
    context: systemContext,
    log: pino({ level: 'silent' }),
    ...(signal ? { signal } : {}),
  });
}

/** How long a start may go on after its signal. */
const START_GRACE_MS = 5_000;

/** Starts a plugin, tells it to stop as soon as its start has begun, and says whether that ended. */
export async function startThatIsStopped(
  plugin: AnyPlugin,
  options: PluginContractOptions,
  graceMs: number,
): Promise<'ended' | 'it goes on although its signal has aborted'> {
  const stop = new AbortController();
  const begun = Promise.withResolvers<Promise<unknown>>();
  const watched: AnyPlugin = {
    ...plugin,
    start: (context) => {
      const call = (async () => plugin.start(context))();
      begun.resolve(call.catch(() => undefined));
      stop.abort(new Error('the contract asks for it'));
      return call;
    },
  };
  const booted = start(watched, options, stop.signal).then(
    (kernel) => kernel.stop('the contract asks for it'),
    () => undefined,
  );
  const late = new AbortController();
  const patience = systemContext.clock.sleep(graceMs, late.signal).then(
    () => false,
    () => false,
  );
  const hasEnded = await Promise.race([begun.promise.then((call) => call).then(() => true), patience]);
  late.abort();
  if (!hasEnded) return 'it goes on although its signal has aborted';
  await booted;
  return 'ended';
}

const configOf = (plugin: AnyPlugin): z.ZodType | undefined => plugin.config;

/** Kinds of resource that the runtime itself, the test runner or a finished child keeps for a while. */
const NOT_OURS = new Set([
  'PipeWrap',
  'TTYWrap',
  'CloseReq',
  'TickObject',
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'MessagePort',
]);

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) if (!NOT_OURS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function leaked(before: ReadonlyMap<string, number>): readonly string[] {
  // The poll that asks holds one timer itself.
  const allowed = (kind: string) => (before.get(kind) ?? 0) + (kind === 'Timeout' ? 2 : 0);
  return [...countResources()]
    .filter(([kind, count]) => count > allowed(kind))
    .map(([kind, count]) => `${count - allowed(kind)} × ${kind}`);
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

function undocumentedKeys(config: z.ZodType): readonly string[] {
  const schema = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Schema;
  const walk = (node: Schema, path: string): readonly string[] =>
    Object.entries(node.properties ?? {}).flatMap(([key, value]) => [
      ...(value.description === undefined ? [`${path}${key}`] : []),
      ...walk(value, `${path}${key}.`),
    ]);
  return walk(schema, '');
}
