import { styleText } from 'node:util';
import type { AnyPlugin } from '@hawser/core';
import { createLog } from '@hawser/core/agent';
import type { CommandSpec, Invocation } from '@hawser/core/cli';
import { alreadyInside, choosePlace } from './place.ts';
import { runInside } from './reexec.ts';
import type { StepOutcome } from './steps.ts';
import { takeTour } from './tour.ts';

/** Exit codes above this one tell of a signal. */
const SIGNALLED = 128;

/** `hawser try`: the tour of the reference agent. */
export function tryCommand(plugins: readonly AnyPlugin[], version: string): CommandSpec {
  return {
    name: 'try',
    summary: 'Boot the agent, attach pods, send packets between them, show what happened, leave nothing behind.',
    options: [
      { flags: '--once', description: 'end after the last step instead of serving until Ctrl-C; exit 0 when every step held' },
      { flags: '--host <host>', description: 'where to carry it out', choices: ['auto', 'simulated'], default: 'auto' },
    ],
    examples: [
      ['hawser try', 'the tour, then serve until Ctrl-C'],
      ['hawser try --once --host simulated', 'without touching the kernel'],
    ],
    run: (invocation) => tryHere(invocation, plugins, version),
  };
}

async function tryHere(invocation: Invocation, plugins: readonly AnyPlugin[], version: string): Promise<number> {
  const { options, output, global, signal } = invocation;
  ownConfigOnly();
  const inside = alreadyInside();
  if (inside === undefined) {
    const choice = choosePlace(options['host'] === 'simulated');
    output.note(`Hawser ${version} on ${choice.why}\n`);
    if (choice.place !== 'simulated') {
      const code = await runInside(choice.place, signal);
      if (code > SIGNALLED) signal.throwIfAborted(); // it was interrupted, and so were we
      return code;
    }
  }
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (global.color ? styleText(style, text) : text);
  const report = ({ held, title, detail, durationMs }: StepOutcome) => {
    const mark = held ? paint('green', '✔') : paint('red', '✖');
    output.item(
      { title, held, detail, durationMs: Math.round(durationMs * 1000) / 1000 },
      `${mark} ${title.padEnd(93)} ${paint('dim', `${durationMs.toFixed(1)} ms`.padStart(10))}  ${detail}`,
    );
  };
  const held = await takeTour({
    plugins,
    version,
    signal,
    place: inside ?? 'simulated',
    log: await createLog({ level: 'error', pretty: true, color: global.color }),
    reporter: { outcome: report, progress: (text, work) => output.progress(text, work), note: (text) => output.note(text) },
    pause: async (agent) => {
      if (options['once'] === true) return;
      output.note(
        `\nServing at ${agent.socket}. In another terminal:\n\n  npx hawser --socket ${agent.socket} attachments ls\n  npx hawser --socket ${agent.socket} events --follow\n\nCtrl-C ends the tour.\n`,
      );
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
  if (held) output.note(`\n${paint('green', 'Every step held.')} Nothing is left behind.`);
  else if (signal.aborted) output.note('\nInterrupted. Nothing is left behind.');
  else output.note(`\n${paint('red', 'A step did not hold.')} Run \`npx hawser doctor\` to see what this machine lacks.`);
  if (!held) signal.throwIfAborted();
  return held ? 0 : 1;
}

/** What the environment sets is meant for this machine's agent: its folders are not the tour's, nor those of the process that it kills. */
function ownConfigOnly(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('HAWSER_CONFIG__')) delete process.env[name];
}
