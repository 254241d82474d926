import type { PluginReport } from './status.ts';

/** A plugin with those that waited for it last. */
interface Node {
  readonly report: PluginReport;
  readonly children: Node[];
}

/**
 * The boot as a tree with milliseconds, statuses and reasons. Each plugin stands under the last in start order of those that it
 * requires, so that a branch reads as the chain that was waited for.
 *
 * ```
 * 3 plugins in 41 ms: 2 ok, 1 skipped
 * ├─ hawser.metadata.v1.lmdb  ok  12.4 ms
 * │  └─ hawser.leases.v1.local  ok  0.8 ms
 * └─ hawser.host.v1.linux  skipped  0.1 ms  not on Linux
 * ```
 */
export function renderBootTree(reports: readonly PluginReport[], bootMs: number): string {
  const counts = [...Map.groupBy(reports, ({ status }) => status)].map(([status, { length }]) => `${length} ${status}`);
  const heading = `${reports.length} plugins in ${bootMs} ms${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
  return [heading, ...branches(forest(reports), '')].join('\n');
}

function forest(reports: readonly PluginReport[]): readonly Node[] {
  const nodes: Node[] = [];
  const roots: Node[] = [];
  for (const report of reports) {
    const node = { report, children: [] };
    const parent = nodes.findLast((other) => report.requires.some((requirement) => names(requirement, other.report)));
    (parent?.children ?? roots).push(node);
    nodes.push(node);
  }
  return roots;
}

/** Whether a requirement as listed (`hawser.ipam.v1 (all)`, `hawser.ipam.v1.range`) is for this plugin. */
function names(requirement: string, { uri, type }: PluginReport): boolean {
  const [target] = requirement.split(' ');
  return target === type || target === uri;
}

function branches(nodes: readonly Node[], indent: string): readonly string[] {
  return nodes.flatMap(({ report, children }, index) => {
    const last = index === nodes.length - 1;
    return [`${indent}${last ? '└─' : '├─'} ${line(report)}`, ...branches(children, `${indent}${last ? '   ' : '│  '}`)];
  });
}

function line({ uri, status, stability, startMs, reason, error }: PluginReport): string {
  const why = error === undefined ? reason : `${error.message} (${error.code})`;
  const time = status === 'disabled' ? [] : [`${startMs} ms`];
  return [uri, status, ...time, ...(stability === 'stable' ? [] : [`[${stability}]`]), ...(why === undefined ? [] : [why])].join('  ');
}
