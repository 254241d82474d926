import type { CollectionReport, GcStatus } from '../../gc/gc.ts';
import { flag } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { toJson } from '../view.ts';

async function run(invocation: Invocation): Promise<number> {
  const { client, signal, output } = invocation;
  const dryRun = flag(invocation, 'dryRun');
  const report = await output.progress('collecting', () => client.gc.run({ dryRun, signal }));
  output.result(toJson(report), reportTable(report, dryRun));
  output.note(
    `${report.removed.length} ${dryRun ? 'would go' : 'removed'}, ${report.kept} kept, ${report.failed.length} failed, ${Math.round(report.durationMs)} ms`,
  );
  return report.failed.length === 0 ? EXIT.done : EXIT.failed;
}

const reportTable = ({ removed, failed }: CollectionReport, dryRun: boolean) => ({
  columns: ['TYPE', 'KEY', 'RESULT', 'WHY'],
  rows: [
    ...removed.map(({ type, key, reason }) => [type, key, dryRun ? 'would go' : 'removed', reason]),
    ...failed.map(({ type, key, error }) => [type, key, 'failed', error]),
  ],
});

async function status({ client, signal, output }: Invocation): Promise<void> {
  const now = await client.gc.status(signal);
  output.result(toJson(now), { columns: [], rows: statusRows(now) });
}

function statusRows({ running, lastRun, lastError, nextRun, condemned }: GcStatus): string[][] {
  const last =
    lastRun === undefined
      ? 'never'
      : `${lastRun.at}, ${lastRun.report.removed.length} removed, ${lastRun.report.kept} kept, ${Math.round(lastRun.report.durationMs)} ms`;
  return [
    ['RUNNING:', running ? 'yes' : 'no'],
    ['LAST RUN:', last],
    ['LAST ERROR:', lastError ?? 'none'],
    ['NEXT RUN:', nextRun ?? 'when something changes'],
    ...condemned.map(({ type, key, since, attempts, lastError: error }) => [
      'CONDEMNED:',
      `${type}/${key} since ${since}, ${attempts} attempts${error === undefined ? '' : `: ${error}`}`,
    ]),
  ];
}

export const gcCommand: CommandSpec = {
  name: 'gc',
  summary: 'Garbage collection: what nothing keeps alive any more.',
  commands: [
    {
      name: 'run',
      summary: 'Collect now; exit 1 when something could not be removed.',
      options: [{ flags: '--dry-run', description: 'say what would go and why, remove nothing' }],
      examples: [['hawser gc run --dry-run', 'what would go, and which path to it is missing']],
      run,
    },
    { name: 'status', summary: 'Show the last run, the next one and what waits for its clean-up.', run: status },
  ],
};
