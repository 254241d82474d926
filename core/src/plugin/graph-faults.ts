import { nearest } from './nearest.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import type { PluginConfig } from './plugin-config.ts';
import type { Requirement } from './token.ts';
import { requirementsOf, targetOf } from './uri.ts';

/** What can be wrong with a set of plugins before any of them starts. */
export type GraphFaultKind = 'invalid' | 'duplicate' | 'missing' | 'ambiguous' | 'self' | 'cycle' | 'disabled' | 'unknown';

/** One fault of the graph, as a sentence with the way to it and the way out. */
export interface GraphFault {
  readonly kind: GraphFaultKind;
  /** The plugin at fault, or the URI that names none. */
  readonly uri: string;
  readonly message: string;
  /** From the plugin that asks to what can't be had; a circle ends where it began. */
  readonly path: readonly string[];
  readonly remedy: string;
}

/** All faults of a planned set. Plugins that don't take part have none of their own. */
export function planFaults(planned: readonly PlannedPlugin[], config: PluginConfig): readonly GraphFault[] {
  const enabled = planned.filter(({ disabled }) => disabled === undefined);
  const byUri = new Map(planned.map((entry) => [entry.uri, entry]));
  return [
    ...planned.flatMap(invalidFaults),
    ...duplicateFaults(planned),
    ...enabled.flatMap((entry) =>
      requirementsOf(entry.plugin).flatMap(([name, wanted]) => requirementFaults(entry, name, wanted, planned, byUri)),
    ),
    ...cycleFaults(enabled, byUri),
    ...namedFaults(config, byUri),
  ];
}

const TYPE = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*\.v[0-9]+$/;
/** What StartContext has. */
const RESERVED = new Set(['clock', 'random', 'faults', 'uri', 'config', 'signal', 'scope', 'status', 'log', 'onReconfigure', 'skip']);
const ID = /^[a-z0-9]+([_-][a-z0-9]+)*$/;

function invalidFaults({ uri, plugin }: PlannedPlugin): GraphFault[] {
  const fault = (message: string, remedy: string): GraphFault => ({ kind: 'invalid', uri, message, path: [uri], remedy });
  const faults: GraphFault[] = [];
  if (!TYPE.test(plugin.provides.id)) {
    faults.push(
      fault(`plugin '${plugin.id}' provides '${plugin.provides.id}', which is no type id`, 'Name the type like `acme.thing.v1`.'),
    );
  }
  if (!ID.test(plugin.id)) {
    faults.push(
      fault(
        `plugin '${uri}' has the id '${plugin.id}', which is none`,
        'Use lowercase letters and digits, joined by dashes or underscores.',
      ),
    );
  }
  for (const [name] of requirementsOf(plugin)) {
    if (!RESERVED.has(name)) continue;
    faults.push(
      fault(`plugin '${plugin.id}' requires something as '${name}', a name that start already has`, 'Give the requirement another name.'),
    );
  }
  return faults;
}

function duplicateFaults(planned: readonly PlannedPlugin[]): GraphFault[] {
  const repeated = [...Map.groupBy(planned, ({ uri }) => uri)].filter(([, entries]) => entries.length > 1);
  return repeated.map(([uri, entries]) => ({
    kind: 'duplicate',
    uri,
    message: `plugin '${uri}' is in this set ${entries.length === 2 ? 'twice' : `${entries.length} times`}`,
    path: [uri],
    remedy: 'Leave all but one of them out, or give them different ids.',
  }));
}

function requirementFaults(
  entry: PlannedPlugin,
  name: string,
  wanted: Requirement,
  planned: readonly PlannedPlugin[],
  byUri: ReadonlyMap<string, PlannedPlugin>,
): GraphFault[] {
  const target = targetOf(wanted);
  const providers = [...new Set(entry.providers.get(name))];
  const asks = `plugin '${entry.plugin.id}' requires '${target}'`;
  const fault = (kind: GraphFaultKind, message: string, end: string, remedy: string): GraphFault[] => [
    { kind, uri: entry.uri, message, path: [entry.uri, end], remedy },
  ];
  if (providers.includes(entry.uri)) {
    return fault('self', `${asks}, which it provides itself`, entry.uri, 'Require another type, or split the plugin in two.');
  }
  const needsOne = wanted.cardinality === 'one' || wanted.cardinality === 'byId';
  if (providers.length === 0 && needsOne) {
    return fault('missing', `${asks}, which no plugin in this set provides`, target, missingRemedy(wanted, planned));
  }
  const candidates = providers.filter((uri) => byUri.get(uri)?.disabled === undefined);
  if (candidates.length > 1 && wanted.cardinality !== 'all') {
    const names = candidates.map((uri) => `'${byUri.get(uri)?.plugin.id ?? uri}'`).join(' and ');
    const remedy = `Put all but one of ${candidates.map((uri) => `"${uri}"`).join(', ')} into \`disabled\`, or require one by its id.`;
    return fault('ambiguous', `${asks}, which ${names} ${candidates.length === 2 ? 'both' : 'all'} provide`, target, remedy);
  }
  return [];
}

function missingRemedy(wanted: Requirement, planned: readonly PlannedPlugin[]): string {
  const known = planned.map(({ uri, plugin }) => (wanted.cardinality === 'byId' ? uri : plugin.provides.id));
  const near = nearest(targetOf(wanted), known);
  return `Add a plugin that provides it${near === undefined ? '' : ` ('${near}' is there)`}, or leave out the plugin that requires it.`;
}

/** One fault for each circle that a depth-first search closes. */
function cycleFaults(enabled: readonly PlannedPlugin[], byUri: ReadonlyMap<string, PlannedPlugin>): GraphFault[] {
  const faults: GraphFault[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (uri: string): void => {
    const entry = byUri.get(uri);
    if (entry === undefined || entry.disabled !== undefined || done.has(uri)) return;
    if (way.includes(uri)) {
      // A circle of one is told as 'self'.
      if (way.at(-1) !== uri) faults.push(cycleFault([...way.slice(way.indexOf(uri)), uri]));
      return;
    }
    way.push(uri);
    for (const provider of new Set([...entry.providers.values()].flat())) visit(provider);
    way.pop();
    done.add(uri);
  };
  for (const { uri } of enabled) visit(uri);
  return faults;
}

function cycleFault(path: readonly string[]): GraphFault {
  const uri = path[0] ?? '';
  const message = `plugin '${uri}' requires itself by way of others: ${path.join(' → ')}`;
  return {
    kind: 'cycle',
    uri,
    message,
    path,
    remedy: 'Take one of these requirements out, or move what they share into a plugin of its own.',
  };
}

/** Faults of the URIs that `required` and `disabled` name. */
function namedFaults(config: PluginConfig, byUri: ReadonlyMap<string, PlannedPlugin>): GraphFault[] {
  const unknown = (list: string, uri: string): GraphFault => {
    const near = nearest(uri, [...byUri.keys()]);
    const remedy = near === undefined ? `Take it out of \`${list}\`, or add the plugin.` : `Did you mean '${near}'?`;
    return { kind: 'unknown', uri, message: `'${uri}' in \`${list}\` names no plugin of this set`, path: [uri], remedy };
  };
  return [
    ...[...config.disabled].filter((uri) => !byUri.has(uri)).map((uri) => unknown('disabled', uri)),
    ...[...config.required].flatMap((uri) => (byUri.has(uri) ? disabledFaults(uri, byUri) : [unknown('required', uri)])),
  ];
}

/** The ways from a plugin in `required` to one that it can't do without and that doesn't take part. */
function disabledFaults(required: string, byUri: ReadonlyMap<string, PlannedPlugin>): GraphFault[] {
  const faults: GraphFault[] = [];
  const seen = new Set<string>();
  const visit = (uri: string, way: readonly string[]): void => {
    const entry = byUri.get(uri);
    if (entry === undefined || seen.has(uri)) return;
    seen.add(uri);
    const path = [...way, uri];
    if (entry.disabled !== undefined) {
      faults.push(disabledFault(path, entry.disabled));
      return;
    }
    for (const [name, { cardinality }] of requirementsOf(entry.plugin)) {
      if (cardinality === 'one' || cardinality === 'byId') for (const provider of entry.providers.get(name) ?? []) visit(provider, path);
    }
  };
  visit(required, []);
  return faults;
}

function disabledFault(path: readonly string[], reason: string): GraphFault {
  const uri = path.at(-1) ?? '';
  const message =
    path.length === 1
      ? `plugin '${uri}' is in \`required\`, but is ${reason}`
      : `plugin '${path[0]}' is in \`required\`, but needs '${uri}', which is ${reason}: ${path.join(' → ')}`;
  const remedy = reason === 'not configured' ? `Give it a table [plugins."${uri}"].` : `Take "${uri}" out of \`disabled\`.`;
  return { kind: 'disabled', uri: path[0] ?? uri, message, path, remedy };
}
