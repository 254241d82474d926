/** What the answers are made of, for the document alone: the contracts' types keep each in step with what is sent. */
import * as z from 'zod';
import type { Claim } from '../../claims/claims.ts';
import type { TopicDescription } from '../../events/describe-topics.ts';
import type { Envelope, Lagged } from '../../events/events.ts';
import type { CollectionReport, GcStatus, Node } from '../../gc/gc.ts';
import type { JsonValue } from '../../json.ts';
import type { Lease } from '../../leases/leases.ts';
import type { ListedPage } from '../list-query.ts';
import type { Namespace, NamespaceContent } from '../../metadata/namespaces.ts';
import type { SnapshotUsage } from '../../metadata/snapshots.ts';
import type { StoreName, StoreStats } from '../../metadata/store.ts';
import type { AttachedRoute, AttachmentResult } from '../../network/index.ts';
import type { PluginReport, ReportedError } from '../../plugin/status.ts';
import { KINDS, type Problem } from '../problem.ts';
import type { ConfigReload } from '../reload.ts';
import type { AttachmentView, SnapshotView } from '../views.ts';

const optional = z.exactOptional;
const text = z.string();
const time = z.string().meta({ format: 'date-time' });
const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative();
const texts = z.array(text);
const labels = z.record(text, text);
const json = z.record(text, z.custom<JsonValue>());
const store = z.enum(['root', 'state']) satisfies z.ZodType<StoreName>;
const node = z.object({ type: text, key: text }) satisfies z.ZodType<Node>;
const namespaced = node.extend({ namespace: text });
const reported = z.object({ code: text, message: text, remedy: text }) satisfies z.ZodType<ReportedError>;

const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: optional(text.meta({ description: 'The `after` of the next page; absent at the end.' })),
    damaged: optional(
      z
        .array(z.object({ message: text, details: z.record(z.string(), text) }))
        .meta({ description: 'Records that are left out; absent where all can be read.' }),
    ),
  }) satisfies z.ZodType<ListedPage<z.output<T>>>;

const version = z.object({
  name: text,
  agent: text,
  core: text,
  node: text,
  pid: count,
  ready: z.boolean(),
  phase: z.enum(['starting', 'ready', 'stopping']),
});

const worker = z.object({
  name: text,
  state: z.enum(['running', 'waiting', 'backing_off', 'stuck', 'done', 'failed', 'stopped']),
  rounds: count,
  failures: count,
  lastError: optional(reported),
  nextAt: optional(time),
});

const plugin = z.object({
  uri: text,
  type: text,
  id: text,
  summary: text,
  stability: text,
  version: optional(text),
  status: z.enum(['starting', 'pending', 'ok', 'degraded', 'skipped', 'failed', 'disabled', 'stopping', 'stopped']),
  reason: optional(text),
  error: optional(reported),
  startMs: milliseconds,
  startedAt: optional(time),
  requires: texts,
  provides: text,
  workers: optional(z.array(worker)),
  logLevel: optional(text),
}) satisfies z.ZodType<PluginReport>;

const namespace = z.object({ name: text, labels }) satisfies z.ZodType<Namespace>;

const namespaceContent = z.object({
  store,
  collection: text,
  type: optional(text),
  count,
  more: z.boolean(),
  example: text,
}) satisfies z.ZodType<NamespaceContent>;

const lease = z.object({
  id: text,
  store,
  namespace: text,
  labels,
  createdAt: time,
  expiresAt: optional(time),
  resources: z.array(node),
}) satisfies z.ZodType<Lease>;

const snapshot = z.object({
  name: text,
  parent: optional(text),
  type: text,
  key: text,
  namespace: text,
  kind: z.enum(['active', 'view', 'committed']),
  parents: texts,
  labels,
  createdAt: time,
  updatedAt: time,
  data: json,
}) satisfies z.ZodType<SnapshotView>;

const claim = z.object({
  type: text,
  key: text,
  state: z.enum(['held', 'releasing', 'cooling']),
  holder: optional(z.object({ containerId: text, ifname: text })),
  since: time,
  data: json,
}) satisfies z.ZodType<Claim>;

const attachedRoute = z.object({
  dst: text,
  gw: optional(text),
  mtu: optional(z.number()),
  advmss: optional(z.number()),
  priority: optional(z.number()),
  table: optional(z.number()),
  scope: optional(z.number()),
}) satisfies z.ZodType<AttachedRoute>;

const result = z.object({
  interfaces: z.array(
    z.object({
      name: text,
      mac: text,
      mtu: optional(z.number()),
      sandbox: optional(text),
      pciId: optional(text),
      socketPath: optional(text),
    }),
  ),
  ips: z.array(z.object({ address: text, gateway: optional(text), interface: optional(count) })),
  routes: z.array(attachedRoute),
  dns: optional(z.object({ nameservers: optional(texts), domain: optional(text), search: optional(texts), options: optional(texts) })),
}) satisfies z.ZodType<AttachmentResult>;

const attachment = z.object({
  containerId: text,
  ifname: text,
  id: text,
  network: text,
  mode: text,
  netns: text,
  pod: optional(z.object({ namespace: text, name: text, uid: optional(text) })),
  mac: optional(text),
  settings: json,
  claims: z.array(claim.pick({ type: true, key: true, data: true })),
  result: optional(result),
  state: z.custom<AttachmentView['state']>((value) => typeof value === 'string').meta({ type: 'string' }),
  createdAt: time,
  interfaces: result.shape.interfaces,
  ips: result.shape.ips,
  routes: result.shape.routes,
}) satisfies z.ZodType<AttachmentView>;

const collection = z.object({
  removed: z.array(namespaced.extend({ reason: text })),
  kept: count,
  failed: z.array(namespaced.extend({ error: text })),
  durationMs: milliseconds,
}) satisfies z.ZodType<CollectionReport>;

const statistics = z.object({
  cycles: count,
  failures: count,
  removed: z.record(text, count),
  cleanupFailures: count,
  nodes: count,
  markMs: milliseconds,
  longestSliceMs: milliseconds,
});

const condemned = namespaced.extend({
  since: time,
  reason: text,
  attempts: count,
  lastError: optional(text),
  state: z.enum(['running', 'waiting', 'blocked']),
});

const gc = z.object({
  running: z.boolean(),
  lastRun: optional(z.object({ at: time, report: collection })),
  lastError: optional(text),
  nextRun: optional(time),
  condemned: z.array(condemned),
  absentTypes: z.array(z.object({ type: text, store, refersTo: optional(texts) })),
  statistics,
}) satisfies z.ZodType<GcStatus>;

const stats = z.object({ path: text, schemaVersion: count, sizeBytes: count, entries: count }) satisfies z.ZodType<StoreStats>;

const reload = z.object({
  dryRun: z.boolean(),
  files: texts,
  changed: texts,
  steps: z.array(z.object({ uri: text, action: z.enum(['stop', 'start', 'restart', 'reconfigure']), reason: text })),
  durationMs: optional(milliseconds),
}) satisfies z.ZodType<ConfigReload>;

const problem = z.object({
  type: text.meta({ description: '`urn:hawser:error:` and the code.', format: 'uri' }),
  title: text,
  status: z.int().min(400).max(599),
  detail: text,
  code: text.meta({ description: 'The code of the catalogue of errors.' }),
  kind: z.enum(KINDS),
  remedy: text,
  details: json,
  requestId: optional(text),
}) satisfies z.ZodType<Problem>;

const envelope = z.object({
  cursor: text,
  timestamp: time,
  namespace: text,
  topic: text,
  requestId: optional(text),
  type: text,
  data: json,
}) satisfies z.ZodType<Envelope>;

const lagged = z.object({ lagged: count, resumeFrom: text }) satisfies z.ZodType<Lagged>;

const topic = z.object({ topic: text, type: text, summary: text, schema: json }) satisfies z.ZodType<TopicDescription>;

/** Fields beside these are the health plugin's or the plugins' own. */
const health = z.object({ status: text, checks: optional(z.array(z.looseObject({ name: text, status: text, reason: optional(text) }))) });

/** By the names that the document has for them. Fields may be added to any of them. */
export const records = {
  Version: version,
  Plugin: plugin,
  PluginList: z.array(plugin),
  Health: health,
  Namespace: namespace,
  NamespacePage: pageOf(namespace),
  NamespaceContents: z.array(namespaceContent),
  Lease: lease,
  LeasePage: pageOf(lease),
  Snapshot: snapshot,
  SnapshotPage: pageOf(snapshot),
  SnapshotUsage: z.object({ bytes: count, items: count }) satisfies z.ZodType<SnapshotUsage>,
  Claim: claim,
  ClaimPage: pageOf(claim),
  Attachment: attachment,
  AttachmentPage: pageOf(attachment),
  CollectionReport: collection,
  GcStatus: gc,
  StoreStats: z.object({ root: stats, state: stats }),
  Backup: z.object({ store, folder: text }),
  ConfigReload: reload,
  Envelope: envelope,
  Lagged: lagged,
  EventLine: z.union([envelope, lagged, z.object({ error: problem })]),
  TopicList: z.array(topic),
  Metrics: text.meta({ description: 'In the text format of Prometheus.' }),
  OpenApi: z.looseObject({ openapi: text }),
  Problem: problem,
};

/** Names one of them. */
export type RecordName = keyof typeof records;
