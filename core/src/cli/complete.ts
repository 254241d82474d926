import type { Command } from 'commander';

/** Answers the shell's question what could stand next: `hawser complete -- <words>`. The script of `completion` asks it. */
export async function complete(program: Command, words: readonly string[]): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const completion = tab(program, { completionCommandName: 'completion-script' });
  completion.parse([...words]);
}
