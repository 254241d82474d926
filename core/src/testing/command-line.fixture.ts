import { EventEmitter } from 'node:events';
import { corePlugins } from '../agent/index.ts';
import type { Assembly } from '../cli/assembly.ts';
import type { CommandSpec } from '../cli/command.ts';
import { type CliProcess, hawserMain } from '../cli/hawser-main.ts';
import { defineErrors } from '../errors/index.ts';
import { type AnyPlugin, assemble } from '../plugin/index.ts';

const errors = defineErrors('test', {
  failed: { kind: 'Internal', remedy: 'Do something.' },
  missing: { kind: 'NotFound', remedy: 'Look elsewhere.' },
});

const extra: CommandSpec = {
  name: 'extra',
  summary: 'Commands of the assembly.',
  commands: [
    { name: 'fail', summary: 'Fail.', run: async () => Promise.reject(errors.failed('it went wrong', { details: { why: 'test' } })) },
    { name: 'miss', summary: 'Miss.', run: async () => Promise.reject(errors.missing('it is not here')) },
    { name: 'crash', summary: 'Crash.', run: async () => Promise.reject(new TypeError('undefined is not a hawser')) },
    { name: 'seven', summary: 'Seven.', run: async () => 7 },
    {
      name: 'echo',
      summary: 'Say what came.',
      arguments: [
        { name: '<first>', description: 'one' },
        { name: '[rest...]', description: 'more' },
      ],
      options: [
        { flags: '--bin-dir <dir>', description: 'a folder', required: true },
        { flags: '-l, --label <pair>', description: 'pairs', repeatable: true },
        { flags: '--kind <kind>', description: 'one of two', choices: ['a', 'b'], default: 'a' },
      ],
      examples: [['hawser extra echo x --bin-dir /d', 'says x']],
      run: async ({ arguments: values, options, output, global }) =>
        output.result({ values: values.map((value) => value ?? null), ...options, level: global.logLevel }),
    },
    {
      name: 'wait',
      summary: 'Wait for a signal.',
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
  ],
};

export const assembly: Assembly & { readonly plugins: readonly AnyPlugin[] } = {
  name: 'test-agent',
  version: '9.8.7',
  plugins: assemble([...corePlugins]),
  commands: [extra],
};

/** A process that remembers what was written and that nothing can end. */
export class FakeProcess extends EventEmitter implements CliProcess {
  out = '';
  err = '';
  readonly env: Record<string, string> = {};
  readonly stdout = { isTTY: false, once: () => undefined, write: (text: string) => (this.out += text) };
  readonly stderr = { isTTY: false, write: (text: string) => (this.err += text) };
  exit(code: number): never {
    throw new Error(`exit ${code}`);
  }
}

/** Runs the command line as a person would; what it printed and how it ended. */
export async function hawser(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const host = new FakeProcess();
  const code = await hawserMain(assembly, argv, host);
  return { code, out: host.out, err: host.err };
}
