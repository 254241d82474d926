import type { CollectionReport, GcStatus } from '../../gc/gc.ts';
import { flag, textArgument } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { toJson } from '../view.ts';
import { SUMMARIES } from './summaries.ts';

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
  columns: ['NAMESPACE', 'TYPE', 'KEY', 'RESULT', 'WHY'],
  rows: [
    ...removed.map(({ namespace, type, key, reason }) => [namespace, type, key, dryRun ? 'would go' : 'removed', reason]),
    ...failed.map(({ namespace, type, key, error }) => [namespace, type, key, 'failed', error]),
  ],
});

async function status({ client, signal, output }: Invocation): Promise<void> {
  const now = await client.gc.status(signal);
  output.result(toJson(now), { columns: [], rows: statusRows(now) });
}

function statusRows({ running, lastRun, lastError, nextRun, condemned, absentTypes, statistics }: GcStatus): string[][] {
  const last =
    lastRun === undefined
      ? 'never'
      : `${lastRun.at}, ${lastRun.report.removed.length} removed, ${lastRun.report.kept} kept, ${Math.round(lastRun.report.durationMs)} ms`;
  return [
    ['RUNNING:', running ? 'yes' : 'no'],
    ['LAST RUN:', last],
    ['LAST ERROR:', lastError ?? 'none'],
    ['NEXT RUN:', nextRun ?? 'when something changes'],
    ['SINCE START:', sinceStart(statistics)],
    [
      'LAST MARK:',
      `${statistics.nodes} nodes, ${statistics.markMs.toFixed(1)} ms of work, longest slice ${statistics.longestSliceMs.toFixed(1)} ms`,
    ],
    ...absentTypes.map(({ type, refersTo }) => [
      'MISSED:',
      `no plugin collects ${type}: ${refersTo === undefined ? 'nothing' : `no ${refersTo.join(', no ')}`} is swept`,
    ]),
    ...condemned.map(({ namespace, type, key, since, attempts, state, lastError: error }) => [
      'CONDEMNED:',
      `${namespace} ${type}/${key} since ${since}, ${state}, ${attempts} failed${error === undefined ? '' : `: ${error}`}`,
    ]),
  ];
}

function sinceStart({ cycles, failures, removed, cleanupFailures }: GcStatus['statistics']): string {
  const types = Object.entries(removed).map(([type, count]) => `${count} ${type}`);
  return `${cycles} cycles, ${failures} failed; removed ${types.length === 0 ? 'nothing' : types.join(', ')}; ${cleanupFailures} clean-ups failed`;
}

async function forget(invocation: Invocation): Promise<void> {
  const type = textArgument(invocation, 0);
  await invocation.client.gc.forget(type, invocation.signal);
  invocation.output.note(`${type} is not missed any more`);
}

export const gcCommand: CommandSpec = {
  name: 'gc',
  summary: SUMMARIES.gc,
  commands: [
    {
      name: 'run',
      summary: 'Collect now; exit 1 when something could not be removed.',
      options: [{ flags: '--dry-run', description: 'say what would go and why, remove nothing' }],
      examples: [['hawser gc run --dry-run', 'what would go, and which path to it is missing']],
      run,
    },
    { name: 'status', summary: 'Show the last run, the next one, what waits for its clean-up and what is held back.', run: status },
    {
      name: 'forget',
      summary: 'Stop holding back what a type may refer to whose plugin will not come back.',
      arguments: [{ name: '<type>', description: 'a type that `gc status` calls missed' }],
      examples: [['hawser gc forget eni', 'the plugin that collected ENIs is gone for good']],
      run: forget,
    },
  ],
};
