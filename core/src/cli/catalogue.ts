import { agentErrors } from '../agent/errors.ts';
import { apiErrors } from '../api/errors.ts';
import { claimErrors } from '../claims/errors.ts';
import { configErrors } from '../config/errors.ts';
import type { ErrorFactory, ErrorKind } from '../errors/index.ts';
import { internalErrors } from '../errors/to-error.ts';
import { eventErrors } from '../events/errors.ts';
import { filterErrors } from '../filters/errors.ts';
import { gcErrors } from '../gc/errors.ts';
import { leaseErrors } from '../leases/errors.ts';
import { metadataErrors } from '../metadata/errors.ts';
import { namespaceErrors } from '../namespaces/errors.ts';
import { attachmentErrors, hostErrors, ipamErrors, networkErrors } from '../network/errors.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { pluginErrors } from '../plugin/errors.ts';
import { snapshotErrors } from '../snapshots/errors.ts';
import { telemetryErrors } from '../telemetry/errors.ts';
import { cliErrors } from './errors.ts';

/** One error of the catalogue. */
export type CatalogueEntry = {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly remedy: string;
};

const CORE: readonly Readonly<Record<string, ErrorFactory>>[] = [
  agentErrors,
  apiErrors,
  attachmentErrors,
  claimErrors,
  cliErrors,
  configErrors,
  eventErrors,
  filterErrors,
  gcErrors,
  hostErrors,
  internalErrors,
  ipamErrors,
  leaseErrors,
  metadataErrors,
  namespaceErrors,
  networkErrors,
  pluginErrors,
  snapshotErrors,
  telemetryErrors,
];

/** What each kind of error says about the call, whatever raised it. */
export const KINDS: Readonly<Record<ErrorKind, string>> = {
  InvalidArgument: 'what was given can never be right',
  NotFound: 'what was named is not there',
  AlreadyExists: 'what was to be made is there already',
  FailedPrecondition: 'the state of things forbids it; changing that helps, trying again does not',
  PermissionDenied: 'this user may not',
  ResourceExhausted: 'there is no more of something',
  Conflict: 'somebody else has it, or has changed it',
  Aborted: 'it was given up half way and undone; trying again may help',
  OutOfRange: 'it lies beyond a bound',
  NotImplemented: 'this agent, or this machine, can not do it',
  Internal: 'a defect, or a machine that misbehaves',
  Unavailable: 'whoever should do it is not there now; trying again helps',
  DataLoss: 'something stored is damaged or gone',
  Unauthenticated: 'who asks is not known',
  NotModified: 'there was nothing to change',
  Cancelled: 'whoever asked has gone',
  DeadlineExceeded: 'it took longer than it may',
  Unknown: 'nobody could tell',
};

/** Every error of core and of these plugins, by code. */
export function errorCatalogue(plugins: readonly AnyPlugin[]): readonly CatalogueEntry[] {
  const factories = [...CORE, ...plugins.flatMap(({ errors }) => (errors === undefined ? [] : [errors]))].flatMap((area) =>
    Object.values(area),
  );
  const entries = factories.map(({ code, definition }) => [code, { code, kind: definition.kind, remedy: definition.remedy }] as const);
  return [...new Map(entries).values()].sort((one, other) => (one.code < other.code ? -1 : 1));
}

/** The catalogue as a page of the documentation: a table for each area. */
export function catalogueMarkdown(entries: readonly CatalogueEntry[]): string {
  const areas = Map.groupBy(entries, ({ code }) => code.slice(0, code.indexOf('.')));
  const sections = [...areas].flatMap(([area, errors]) => [
    `## ${area}`,
    table(
      ['code', 'kind', 'what to do'],
      errors.map(({ code, kind, remedy }) => [`\`${code}\``, kind, remedy]),
    ),
  ]);
  const kinds = table(['kind', 'what it says'], Object.entries(KINDS));
  return `${['# Error catalogue', '## Kinds', kinds, ...sections].join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
