import { pino } from 'pino';
import { expect } from 'vitest';
import * as z from 'zod';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { testContext } from '../testing/index.ts';
import type { AnyPlugin, StartContext } from './definition.ts';
import { boot } from './boot.ts';
import type { Kernel } from './kernel.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken, type Token } from './token.ts';

export const A = defineToken<string>()('test.a.v1');
export const B = defineToken<string>()('test.b.v1');
export const C = defineToken<string>()('test.c.v1');

export type Start = (context: StartContext<Readonly<Record<string, unknown>>>) => unknown;
const config = z.record(z.string(), z.unknown());

export function plugin(token: Token<string>, id: string, start: Start, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return { provides: token, id, summary: `Plugin ${id}.`, config, start, ...more };
}

export interface Given {
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly disabled?: readonly string[];
  readonly required?: readonly string[];
}

export const configOf = ({ settings = {}, disabled = [], required = [] }: Given): PluginConfig => ({
  settings: new Map(Object.entries(settings)),
  configured: new Set(Object.keys(settings)),
  disabled: new Set(disabled),
  required: new Set(required),
});

/** A kernel on a held clock, with what its plugins have told of themselves. */
export async function setup(plugins: (seen: string[]) => readonly AnyPlugin[], given: Given = {}) {
  const seen: string[] = [];
  const context = testContext();
  const set = plugins(seen);
  const kernel = await context.clock.runUntil(boot({ plugins: set, context, config: configOf(given), log: pino({ level: 'silent' }) }));
  const reload = (next: Given, others: readonly AnyPlugin[] = set) =>
    context.clock.runUntil(kernel.reload({ plugins: others, config: configOf(next) }));
  const dryRun = (next: Given) => kernel.planReload({ plugins: set, config: configOf(next) }).steps;
  return { seen, kernel, clock: context.clock, set, reload, dryRun };
}

/** Notes its start with its settings, and its release. */
export const traced =
  (seen: string[], id: string): Start =>
  ({ config, scope }) => {
    seen.push(`start ${id} ${JSON.stringify(config)}`);
    scope.defer(() => void seen.push(`stop ${id}`));
    return id;
  };

/** One that takes its settings in place. */
export const pliable =
  (seen: string[], id: string, keys?: readonly string[]): Start =>
  (context) => {
    context.onReconfigure((settings) => void seen.push(`reconfigure ${id} ${JSON.stringify(settings)}`), keys);
    return traced(seen, id)(context);
  };

export const failure = async (work: Promise<unknown>): Promise<HawserError> =>
  work.then(() => expect.fail('it should have failed'), toHawserError);

export const statuses = (kernel: Kernel) => kernel.reports().map(({ id, status }) => `${id} ${status}`);

/** base ← middle ← top, and a bystander. */
export const chain = (seen: string[]): readonly AnyPlugin[] => [
  plugin(A, 'base', traced(seen, 'base')),
  plugin(B, 'middle', traced(seen, 'middle'), { requires: { a: A } }),
  plugin(C, 'top', traced(seen, 'top'), { requires: { b: B.optional() } }),
  plugin(C, 'bystander', traced(seen, 'bystander')),
];
