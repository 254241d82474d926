import type { Command } from 'commander';
import type { CommandSpec } from './command.ts';

/** Answers the shell's question what could stand next: `hawser complete -- <words>`. The script of `completion` asks it. */
export async function complete(program: Command, commands: readonly CommandSpec[], words: readonly string[]): Promise<void> {
  await offer(program, commands, words);
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const own = 'completion-script'; // ours is `completion`, and the library's would be offered beside it
  const completion = tab(program, { completionCommandName: own });
  completion.commands.delete(own);
  completion.parse([...words]);
}

/** Gives the arguments of the command that the words name what there is to choose from: only it is loaded. */
async function offer(program: Command, commands: readonly CommandSpec[], words: readonly string[]): Promise<void> {
  let [command, named, known]: [Command, CommandSpec | undefined, readonly CommandSpec[]] = [program, undefined, commands];
  for (const word of words) {
    const spec = known.find(({ name }) => name === word);
    const next = command.commands.find((one) => one.name() === word);
    if (spec !== undefined && next !== undefined) [command, named, known] = [next, spec, spec.commands ?? []];
  }
  for (const [at, { offers }] of (named?.arguments ?? []).entries()) {
    const argument = command.registeredArguments[at];
    if (offers !== undefined && argument !== undefined) argument.argChoices = [...(await offers())];
  }
}
