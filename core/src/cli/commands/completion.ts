import { textArgument } from '../arguments.ts';
import type { CommandSpec } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { SUMMARIES } from './summaries.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

export const completionCommand: CommandSpec = {
  name: 'completion',
  summary: SUMMARIES.completion,
  arguments: [{ name: '<shell>', description: SHELLS.join(', ') }],
  examples: [
    ['source <(hawser completion bash)', 'completes in this shell'],
    ['hawser completion fish > ~/.config/fish/completions/hawser.fish', 'completes in every new one'],
  ],
  run: async (invocation) => {
    const shell = textArgument(invocation, 0);
    if (!SHELLS.includes(shell))
      throw cliErrors.invalidValue(`there is no completion for ${JSON.stringify(shell)}`, { remedy: `Choose ${SHELLS.join(', ')}.` });
    const { script } = await import('@bomb.sh/tab');
    script(shell, 'hawser', 'hawser');
  },
};
