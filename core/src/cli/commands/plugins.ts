import { compileFilters, fieldsOf } from '../../filters/index.ts';
import type { PluginReport, WorkerReport } from '../../plugin/status.ts';
import { flag, listArgument, textArgument, textOption } from '../arguments.ts';
import type { Assembly } from '../assembly.ts';
import type { CommandSpec, Invocation, OptionSpec } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { LEVELS } from '../globals.ts';
import { renderGraph } from '../plugin-graph.ts';
import { offlineReports } from '../offline-reports.ts';
import { paintStatus, styleOf } from '../style.ts';
import { type Column, list, show } from '../view.ts';
import { FILTERS } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const OFFLINE: OptionSpec = { flags: '--offline', description: "don't ask the agent: show this assembly with its config" };

const columns = ({ global }: Invocation): readonly Column<PluginReport>[] => [
  ['TYPE', (report) => report.type],
  ['ID', (report) => report.id],
  ['STABILITY', (report) => report.stability],
  ['STATUS', (report) => paintStatus(styleOf(global.color), report.status)],
  ['MS', (report) => (report.startedAt === undefined ? undefined : report.startMs.toFixed(1))],
];
const WIDE: readonly Column<PluginReport>[] = [
  ['REQUIRES', (report) => report.requires.join(' ')],
  ['PROVIDES', (report) => report.provides],
  ['REASON', (report) => report.error?.message ?? report.reason],
];
const FIELDS: readonly Column<PluginReport>[] = [
  ['URI', (report) => report.uri],
  ['SUMMARY', (report) => report.summary],
  ['VERSION', (report) => report.version],
  ['STABILITY', (report) => report.stability],
  ['STATUS', (report) => report.status],
  ['REASON', (report) => report.reason],
  ['ERROR', ({ error }) => (error === undefined ? undefined : `${error.message} [${error.code}]`)],
  ['REMEDY', (report) => report.error?.remedy],
  ['STARTED', (report) => report.startedAt],
  ['TOOK', (report) => (report.startedAt === undefined ? undefined : `${report.startMs.toFixed(1)} ms`)],
  ['REQUIRES', (report) => report.requires.join(' ') || undefined],
  ['PROVIDES', (report) => report.provides],
  ['WORKERS', ({ workers }) => workers?.map(workerLine).join('; ')],
  ['LOG', (report) => report.logLevel],
];

/** `journal waiting, round 12, next 2026-01-01T00:00:00Z`. */
function workerLine({ name, state, rounds, failures, lastError, nextAt }: WorkerReport): string {
  const next = nextAt === undefined ? [] : [`next ${nextAt}`];
  const failed = failures === 0 ? [] : [`failed ${failures} times`];
  const error = lastError === undefined ? [] : [`last error: ${lastError.message}`];
  return [`${name} ${state.replace('_', ' ')}`, `round ${rounds}`, ...failed, ...error, ...next].join(', ');
}

/** The agent's own level is what a level is taken back to. */
const AGENT = 'agent';

async function setLogLevel(invocation: Invocation): Promise<void> {
  const [uri, level] = [textArgument(invocation, 0), textArgument(invocation, 1)];
  if (level !== AGENT && !LEVELS.some((known) => known === level)) {
    const remedy = `Use one of ${LEVELS.join(', ')}, or ${AGENT} to take it back.`;
    throw cliErrors.invalidValue(`${JSON.stringify(level)} is no level of a log`, { remedy });
  }
  show(invocation, FIELDS, await invocation.client.setLogLevel(uri, level === AGENT ? null : level, invocation.signal));
}

const reportsOf = (assembly: Assembly, invocation: Invocation): Promise<readonly PluginReport[]> =>
  flag(invocation, 'offline') ? offlineReports(assembly, invocation.global) : invocation.client.plugins(invocation.signal);

async function showOne(assembly: Assembly, invocation: Invocation): Promise<void> {
  const uri = textArgument(invocation, 0);
  const report = (await reportsOf(assembly, invocation)).find((one) => one.uri === uri);
  if (report === undefined) throw cliErrors.noSuchPlugin(`there is no plugin ${uri} in this agent`);
  show(invocation, FIELDS, report);
}

async function graph(assembly: Assembly, invocation: Invocation): Promise<void> {
  const { output, global } = invocation;
  const format = textOption(invocation, 'format') ?? (global.output === 'json' ? 'json' : 'mermaid');
  const drawn = renderGraph(await reportsOf(assembly, invocation));
  if (format === 'json') output.result(drawn.json);
  else output.result(format === 'dot' ? drawn.dot : drawn.mermaid);
}

export const pluginsCommand = (assembly: Assembly): CommandSpec => ({
  name: 'plugins',
  summary: SUMMARIES.plugins,
  commands: [
    {
      name: 'ls',
      summary: 'List plugins in the order in which they start.',
      arguments: [FILTERS],
      options: [OFFLINE],
      examples: [
        ['hawser plugins ls status!=ok', 'what does not serve'],
        ['hawser plugins ls --offline', 'what this assembly would start, without an agent'],
      ],
      run: async (invocation) => {
        const matches = compileFilters(listArgument(invocation, 0));
        const reports = await reportsOf(assembly, invocation);
        const chosen = reports.filter((report) => matches(fieldsOf(report)));
        list(invocation, { columns: columns(invocation), wide: WIDE }, chosen);
      },
    },
    {
      name: 'show',
      summary: 'Show one plugin.',
      arguments: [{ name: '<uri>', description: 'type and id, e.g. hawser.ipam.v1.range' }],
      options: [OFFLINE],
      run: (invocation) => showOne(assembly, invocation),
    },
    {
      name: 'log',
      summary: "Set the level of one plugin's log while the agent runs; it holds until the agent ends.",
      arguments: [
        { name: '<uri>', description: 'type and id, e.g. hawser.ipam.v1.range' },
        { name: '<level>', description: `${LEVELS.join(', ')}; ${AGENT}: the agent's own again` },
      ],
      examples: [['hawser plugins log hawser.mode.v1.bridge debug', 'what the bridge does, without the noise of the others']],
      run: setLogLevel,
    },
    {
      name: 'graph',
      summary: 'Draw which plugin requires which.',
      options: [OFFLINE, { flags: '--format <format>', description: 'mermaid unless told', choices: ['mermaid', 'dot', 'json'] }],
      examples: [['hawser plugins graph --offline --format dot | dot -Tsvg > plugins.svg', 'a picture of this assembly']],
      run: (invocation) => graph(assembly, invocation),
    },
  ],
});
