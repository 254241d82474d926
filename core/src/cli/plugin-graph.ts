import type { JsonValue } from '../json.ts';
import type { PluginReport } from '../plugin/status.ts';

interface Edge {
  readonly from: string;
  readonly to: string;
  /** `optional`, `all`: how the requirement is meant; absent for exactly one. */
  readonly cardinality?: string;
}

/** Which plugin requires which, for people and programs. An arrow goes from who requires to who provides. */
export function renderGraph(reports: readonly PluginReport[]): {
  readonly mermaid: string;
  readonly dot: string;
  readonly json: JsonValue;
} {
  const edges = reports.flatMap((report) => report.requires.flatMap((requirement) => edgesOf(report, requirement, reports)));
  return {
    mermaid: mermaid(reports, edges),
    dot: dot(reports, edges),
    json: { nodes: reports.map(({ uri, status }) => ({ uri, status })), edges: edges.map((edge) => ({ ...edge })) },
  };
}

/** A requirement reads `hawser.host.v1`, `hawser.ipam.v1.range` or `hawser.mode.v1 (all)`. */
function edgesOf({ uri }: PluginReport, requirement: string, reports: readonly PluginReport[]): Edge[] {
  const [, id = requirement, cardinality] = /^(\S+?)(?: \((.+)\))?$/.exec(requirement) ?? [];
  const providers = reports.filter((report) => report.type === id || report.uri === id);
  return providers.map((provider) => ({ from: uri, to: provider.uri, ...(cardinality === undefined ? {} : { cardinality }) }));
}

const SHAPE_OF_STATUS: Readonly<Record<string, string>> = {
  failed: ':::failed',
  degraded: ':::failed',
  disabled: ':::off',
  skipped: ':::off',
};

function mermaid(reports: readonly PluginReport[], edges: readonly Edge[]): string {
  const nodes = reports.map(({ uri, status }) => `  ${nodeId(uri)}["${uri}"]${SHAPE_OF_STATUS[status] ?? ''}`);
  const arrows = edges.map(({ from, to, cardinality }) => `  ${nodeId(from)} ${cardinality === 'optional' ? '-.->' : '-->'} ${nodeId(to)}`);
  return ['flowchart LR', ...nodes, ...arrows, '  classDef failed stroke:#c00', '  classDef off stroke-dasharray:4', ''].join('\n');
}

const nodeId = (uri: string): string => uri.replace(/[^A-Za-z0-9]/g, '_');

function dot(reports: readonly PluginReport[], edges: readonly Edge[]): string {
  const nodes = reports.map(({ uri, status }) => `  "${uri}" [label="${uri}\\n${status}"];`);
  const arrows = edges.map(({ from, to, cardinality }) => `  "${from}" -> "${to}"${cardinality === 'optional' ? ' [style=dashed]' : ''};`);
  return ['digraph plugins {', '  rankdir=LR;', '  node [shape=box];', ...nodes, ...arrows, '}', ''].join('\n');
}
