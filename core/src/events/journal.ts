/**
 * ```
 * events/<cursor>      → Envelope without its cursor, in the store of the transaction that published it
 * events_state/journal → {epoch, prunedThrough?}, in the root store
 * ```
 *
 * The state store's part is moved to the root store as time goes on: copied first, deleted then. An event may
 * therefore be in both for a while; readers merge by cursor.
 */
import {
  type Collection,
  defineCollection,
  type Metadata,
  type ReadTransaction,
  type StoreName,
  type Transaction,
} from '../metadata/store.ts';
import type { JsonObject } from '../json.ts';
import { epochOf, formatCursor } from './cursor.ts';
import type { Envelope } from './events.ts';

export type StoredEvent = {
  readonly topic: string;
  readonly data: JsonObject;
  readonly timestamp: string;
  readonly namespace: string;
};

export type JournalState = {
  readonly epoch: number;
  /** The last cursor that retention has deleted. */
  readonly prunedThrough?: string;
};

const eventsOf = (store: StoreName): Collection<StoredEvent> => defineCollection(store, 'events');
export const EVENTS: Readonly<Record<StoreName, Collection<StoredEvent>>> = { root: eventsOf('root'), state: eventsOf('state') };
const STATE: Collection<JournalState> = defineCollection('root', 'events_state');
const STATE_KEY = 'journal';

export const readJournalState = (tx: ReadTransaction): JournalState => tx.get(STATE, STATE_KEY) ?? { epoch: 0 };

export const writeJournalState = (tx: Transaction, state: JournalState): void => tx.put(STATE, STATE_KEY, state);

/** Begins a new epoch, above every cursor that either store has. */
export async function beginEpoch(metadata: Metadata): Promise<number> {
  const last = metadata.read('state', (tx) => lastCursor(tx));
  return metadata.write('root', (tx) => {
    const known = [last, lastCursor(tx)].map((cursor) => (cursor === undefined ? 0 : epochOf(cursor)));
    const state = readJournalState(tx);
    const epoch = Math.max(state.epoch, ...known) + 1;
    writeJournalState(tx, { ...state, epoch });
    return epoch;
  });
}

function lastCursor(tx: ReadTransaction): string | undefined {
  for (const [cursor] of tx.entries(EVENTS[tx.store], { reverse: true, limit: 1 })) return cursor;
  return undefined;
}

/** At most `limit` events after a cursor, of both stores, in order; `after` undefined: from the beginning. */
export function readAfter(metadata: Metadata, after: string | undefined, limit: number): readonly Envelope[] {
  const range = { limit, ...(after === undefined ? {} : { start: `${after}\0` }) };
  const found = new Map<string, StoredEvent>();
  for (const store of ['root', 'state'] as const) {
    metadata.read(store, (tx) => {
      for (const [cursor, event] of tx.entries(EVENTS[store], range)) found.set(cursor, event);
    });
  }
  const cursors = [...found.keys()].sort().slice(0, limit);
  return cursors.flatMap((cursor) => {
    const event = found.get(cursor);
    return event === undefined ? [] : [toEnvelope(cursor, event)];
  });
}

/** Gives out cursors of one epoch. */
export class Cursors {
  readonly #epoch: number;
  #number = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  next(): string {
    return formatCursor(this.#epoch, ++this.#number);
  }

  /** The last one given out. */
  get last(): string {
    return formatCursor(this.#epoch, this.#number);
  }
}

export const toEnvelope = (cursor: string, event: StoredEvent): Envelope => ({
  cursor,
  timestamp: event.timestamp,
  namespace: event.namespace,
  topic: event.topic,
  type: event.topic.slice(1).replaceAll('/', '.'),
  data: event.data,
});
