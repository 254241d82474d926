/**
 * ```
 * events/<last cursor> → what one transaction published, in the store of that transaction
 * events_state/journal → {epoch, closed?, lostThrough?, prunedThrough?} in the root store; {epoch, prunedThrough?} in the state
 *                        store, where only a full disk makes retention delete
 * ```
 *
 * Cursors of one record follow one another, so that the last one tells the others. A record has at most 64 events; a
 * transaction with more has several.
 *
 * The state store's part is moved to the root store as time goes on: copied first, deleted then. A record may
 * therefore be in both for a while; readers merge by cursor.
 */
import { isJsonObject, type JsonObject } from '../json.ts';
import {
  type Collection,
  DEFAULT_NAMESPACE,
  defineCollection,
  type KeyRange,
  type Metadata,
  type ReadTransaction,
  type StoreName,
  STORES,
  type Transaction,
} from '../metadata/store.ts';
import { CHECK_STORE, metadataErrors } from '../metadata/errors.ts';
import { cursorBefore, endOf, epochOf, isCursor } from './cursor.ts';
import type { Envelope } from './events.ts';
import { typeOf } from './topics.ts';

export type StoredEvent = {
  readonly topic: string;
  readonly data: JsonObject;
  /** Absent: the default one. */
  readonly namespace?: string;
};

/** What one transaction published at one time. */
export type StoredEvents = {
  readonly timestamp: string;
  readonly requestId?: string;
  readonly events: readonly StoredEvent[];
};

/** A record as it stands in the journal of an agent of before, one for each event. */
type LoneEvent = StoredEvent & { readonly timestamp: string };

/** A record of the journal. */
export type JournalRecord = StoredEvents | LoneEvent;

export type JournalState = {
  /** The last one begun. The state store has it while it is the one of that epoch: a reboot takes both. */
  readonly epoch?: number;
  /** The last epoch at whose end all of the journal was in the root store. */
  readonly closed?: number;
  /** The end of the last epoch of which a reboot has taken something. */
  readonly lostThrough?: string;
  /** The last cursor that retention has deleted. */
  readonly prunedThrough?: string;
};

/** Events of one record. */
export const MOST_EVENTS = 64;

const eventsOf = (store: StoreName): Collection<JournalRecord> => defineCollection(store, 'events');
export const EVENTS: Readonly<Record<StoreName, Collection<JournalRecord>>> = { root: eventsOf('root'), state: eventsOf('state') };
const isState = (value: unknown): value is JournalState =>
  isJsonObject(value) &&
  ['epoch', 'closed'].every((field) => value[field] === undefined || Number.isSafeInteger(value[field])) &&
  ['lostThrough', 'prunedThrough'].every((field) => value[field] === undefined || typeof value[field] === 'string');
const stateOf = (store: StoreName): Collection<JournalState> => defineCollection(store, 'events_state', isState);
const STATES: Readonly<Record<StoreName, Collection<JournalState>>> = { root: stateOf('root'), state: stateOf('state') };
const STATE_KEY = 'journal';

const readState = (tx: ReadTransaction): JournalState => tx.get(STATES[tx.store], STATE_KEY) ?? {};

/** Stands for a state that can't be read. */
const DAMAGED: JournalState = Object.freeze({});

/** More starts than a journal may have forgotten all events of: cursors from behind them have never been given out. */
const LEAP = 0x1_0000;

/** For a start, which must not depend on it. */
function readStateOrDamaged(tx: ReadTransaction): JournalState {
  for (const [, state] of tx.entries(STATES[tx.store], { start: STATE_KEY, end: `${STATE_KEY}\0` }, DAMAGED)) return state;
  return {};
}

/** The last cursor that retention has deleted from either store. */
export function readPrunedThrough(metadata: Metadata): string | undefined {
  const [root, state] = STORES.map((store) => metadata.read(store, readState).prunedThrough);
  return root !== undefined && (state === undefined || root > state) ? root : state;
}

/** Remembers how far retention has deleted. */
export const writePrunedThrough = (tx: Transaction, prunedThrough: string): void =>
  tx.put(STATES[tx.store], STATE_KEY, { ...readState(tx), prunedThrough });

/**
 * Begins a new epoch, above every cursor that either store has, and finds out whether a reboot has taken something of the former one.
 * Where what the root store knows of that is damaged, it is far above them, and what came before counts as lost.
 */
export async function beginEpoch(metadata: Metadata): Promise<number> {
  const young = metadata.read('state', (tx) => ({ last: lastCursor(tx), epoch: readStateOrDamaged(tx).epoch }));
  const epoch = await metadata.write('root', (tx) => {
    const known = [young.last, lastCursor(tx)].map((cursor) => (cursor === undefined ? 0 : epochOf(cursor)));
    const found = readStateOrDamaged(tx);
    const { epoch: former = 0, ...state } = found;
    const lost = found === DAMAGED || (former > 0 && young.epoch === undefined && state.closed !== former);
    const last = Math.max(former, young.epoch ?? 0, ...known) + (found === DAMAGED ? LEAP : 0);
    tx.put(STATES.root, STATE_KEY, { ...state, epoch: last + 1, ...(lost ? { lostThrough: endOf(last) } : {}) });
    return last + 1;
  });
  await metadata.write('state', (tx) => tx.put(STATES.state, STATE_KEY, { ...readStateOrDamaged(tx), epoch }));
  return epoch;
}

/** All of the journal is in the root store, and nothing is to come. */
export async function closeEpoch(metadata: Metadata): Promise<void> {
  await metadata.write('root', (tx) => {
    const { epoch, ...state } = readState(tx);
    if (epoch !== undefined) tx.put(STATES.root, STATE_KEY, { ...state, epoch, closed: epoch });
  });
}

/** Whether a reboot may have taken events that came after a cursor. */
export function mayHaveLost(metadata: Metadata, cursor: string): boolean {
  const { lostThrough } = metadata.read('root', readState);
  return lostThrough !== undefined && cursor < lostThrough;
}

function lastCursor(tx: ReadTransaction): string | undefined {
  for (const cursor of tx.keys(EVENTS[tx.store], { reverse: true, limit: 1 })) return cursor;
  return undefined;
}

/** A part of the journal, in order. */
export interface Chunk {
  readonly events: readonly Envelope[];
  /** The last cursor that retention had deleted when it was read. */
  readonly prunedThrough?: string;
}

/**
 * The events of at most `records` records behind a cursor, of both stores; `after` undefined: from the beginning. Empty when
 * there is no more.
 */
export function readAfter(metadata: Metadata, after: string | undefined, records: number): Chunk {
  const prunedThrough = readPrunedThrough(metadata);
  const found = readRecords(metadata, { limit: records, ...(after === undefined ? {} : { start: `${after}\0` }) });
  const events = found.flatMap(([cursor, record]) => toEnvelopes(cursor, record));
  return {
    // A cursor may lie inside of the first record.
    events: after === undefined ? events : events.filter(({ cursor }) => cursor > after),
    ...(prunedThrough === undefined ? {} : { prunedThrough }),
  };
}

/** Records of both stores as one, each once. */
export function readRecords(
  metadata: Metadata,
  range: KeyRange & { readonly limit: number },
): readonly (readonly [cursor: string, record: JournalRecord])[] {
  const found = new Map<string, JournalRecord>();
  for (const store of STORES) {
    metadata.read(store, (tx) => {
      for (const [cursor, record] of tx.entries(EVENTS[store], range)) found.set(cursor, record);
    });
  }
  const first = range.reverse === true ? 1 : -1;
  return [...found].sort(([one], [other]) => (one < other ? first : -first)).slice(0, range.limit);
}

export const eventsIn = (record: JournalRecord): readonly StoredEvent[] => ('events' in record ? record.events : [record]);

/** `metadata.damaged` for what no journal has written. */
function toEnvelopes(last: string, record: JournalRecord): readonly Envelope[] {
  if (!isReadable(last, record))
    throw metadataErrors.damaged(`the journal's record ${JSON.stringify(last.slice(0, 40))} is none`, { remedy: CHECK_STORE });
  const events = eventsIn(record);
  const { timestamp } = record;
  const common = 'requestId' in record && record.requestId !== undefined ? { timestamp, requestId: record.requestId } : { timestamp };
  return events.map((event, index) => toEnvelope(cursorBefore(last, events.length - 1 - index), common, event));
}

/** A file is believed no further than it can be read. */
export const isReadable = (last: string, record: unknown): boolean => isCursor(last) && isRecord(record);

function isRecord(record: unknown): record is JournalRecord {
  if (typeof record !== 'object' || record === null || !('timestamp' in record) || typeof record.timestamp !== 'string') return false;
  if ('requestId' in record && typeof record.requestId !== 'string') return false;
  const events: unknown = 'events' in record ? record.events : [record];
  return Array.isArray(events) && events.every((event: unknown) => typeof event === 'object' && event !== null && isTopic(event));
}

const isTopic = (event: object): boolean => 'topic' in event && typeof event.topic === 'string' && 'data' in event;

const toEnvelope = (
  cursor: string,
  common: Pick<Envelope, 'timestamp' | 'requestId'>,
  { topic, data, namespace = DEFAULT_NAMESPACE }: StoredEvent,
): Envelope => ({
  cursor,
  ...common,
  namespace,
  topic,
  type: typeOf(topic),
  data,
});
