import { afterEach, describe, expect, test } from 'vitest';
import type { AnyPlugin } from '../plugin/index.ts';
import { importFaults } from './plugin/import.ts';
import { hangingCalls, interruptionFaults, leaks, leaksOfAnAbortedStart, leaksOfExamination, repetitionFaults } from './plugin/life.ts';
import { configFaults, registrationFaults } from './plugin/registration.ts';
import { type PluginContractOptions, type ServiceOf, Subject } from './plugin/subject.ts';

export type { PluginContractOptions } from './plugin/subject.ts';

const MARGIN_MS = 20_000;

/**
 * What every plugin owes its users, whatever it does: a documented and strict config, a start that can be repeated,
 * a stop that ends and leaves nothing behind (no timer, socket, process, thread, file or listener: each is named with who made
 * it), obedience to its signal, and, where `module` is told, no work before its start.
 */
export function describePluginContract<P extends AnyPlugin>(plugin: P, options: PluginContractOptions<ServiceOf<P>> = {}): void {
  const { calls, ...rest } = options;
  // What the kernel has of this plugin is what the plugin provides.
  const subject = new Subject(plugin, calls === undefined ? rest : { ...rest, calls: (service) => calls(service as ServiceOf<P>) });
  describe(`${subject.uri} as a plugin`, () => {
    afterEach(() => options.release?.());

    const timeout = subject.deadlinesMs * 2 + MARGIN_MS;
    test.each(clausesFor(subject).map(({ title, faults }) => [title, faults] as const))('%s', { timeout }, async (_title, faults) => {
      const found = await faults(subject);
      if (found.length > 0) expect.fail(found.map((fault) => `${subject.uri}: ${fault}`).join('\n'));
    });
  });
}

interface Clause {
  readonly title: string;
  /** One sentence each. */
  faults(subject: Subject): readonly string[] | Promise<readonly string[]>;
}

const CLAUSES: readonly Clause[] = [
  { title: 'has a versioned type, an id, a summary that is a sentence, and a remedy for each of its errors', faults: registrationFaults },
  { title: 'documents every key of its config and refuses keys that it does not know', faults: configFaults },
  // The first of its lives is the one that is watched: what it leaves for good, a later one finds there already.
  { title: 'leaves nothing behind when it has stopped', faults: (one) => leaks(one) },
  { title: 'starts, stops, and starts again', faults: repetitionFaults },
  { title: 'ends its start soon when it is told to stop in the midst of it', faults: (one) => interruptionFaults(one) },
  { title: 'gives up its start when it is told to stop', faults: leaksOfAnAbortedStart },
];

function clausesFor({ plugin, options }: Subject): readonly Clause[] {
  const some: Clause[] = [];
  if (plugin.examine !== undefined)
    some.push({ title: 'leaves nothing behind when it has examined the machine', faults: (one) => leaksOfExamination(one) });
  if (options.calls !== undefined) some.push({ title: 'answers or refuses calls when it has stopped', faults: (one) => hangingCalls(one) });
  if (options.module !== undefined) some.push({ title: 'does no work before its start', faults: importFaults });
  return [...CLAUSES, ...some];
}
