import { textArgument } from '../arguments.ts';
import type { CommandSpec } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { SUMMARIES } from './summaries.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/** The script asks a function of the package bash-completion for the words; many a machine hasn't got it. */
const WORDS_IN_BASH = `if ! declare -F _get_comp_words_by_ref > /dev/null; then
  _get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=\${words[cword]}; prev=\${words[cword - 1]}; }
fi`;

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
    if (shell === 'bash') invocation.output.result(WORDS_IN_BASH);
    const { script } = await import('@bomb.sh/tab');
    script(shell, 'hawser', 'hawser');
  },
};
