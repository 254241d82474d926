import { currentRequest } from '../context/index.ts';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { DEFAULT_NAMESPACE, type Transaction } from '../metadata/store.ts';
import type { Cursors } from './cursor.ts';
import type { Envelope, EventInput } from './events.ts';
import { EVENTS, MOST_EVENTS, type StoredEvent } from './journal.ts';

/** Characters of the message that stands for data which can't be stored. */
const MOST_TOLD = 1_000;

/**
 * What one transaction publishes: journalled in one record at its end, delivered after its commit. All of it has one time
 * and one request, those of the first.
 */
export class Batch {
  readonly #tx: Transaction;
  readonly #cursors: Cursors;
  readonly #common: Pick<Envelope, 'timestamp' | 'requestId'>;
  readonly #envelopes: Envelope[] = [];

  constructor(tx: Transaction, cursors: Cursors, timestamp: string) {
    // One order for all namespaces: the journal is in one of them.
    this.#tx = tx.in(DEFAULT_NAMESPACE);
    this.#cursors = cursors;
    const requestId = currentRequest();
    this.#common = requestId === undefined ? { timestamp } : { timestamp, requestId };
  }

  get envelopes(): readonly Envelope[] {
    return this.#envelopes;
  }

  add({ topic, data }: EventInput, type: string, namespace: string): void {
    this.#envelopes.push({ cursor: this.#cursors.next(), ...this.#common, namespace, topic, type, data });
  }

  /** Writes it to the journal. */
  close(): void {
    for (let from = 0; from < this.#envelopes.length; from += MOST_EVENTS)
      this.#put(from, Math.min(from + MOST_EVENTS, this.#envelopes.length));
  }

  /** All in one record, or, where that can't be stored, each in its own. */
  #put(from: number, to: number): void {
    const envelopes = this.#envelopes.slice(from, to);
    if (envelopes.length > 1 && this.#tryPut(envelopes) === undefined) return;
    for (const [index, envelope] of envelopes.entries()) this.#putOne(from + index, envelope);
  }

  /** Data that can't be stored costs the event its data, not its place. */
  #putOne(index: number, envelope: Envelope): void {
    const fault = this.#tryPut([envelope]);
    if (fault === undefined) return;
    const bare = { ...envelope, data: { omitted: { code: fault.code, message: fault.message.slice(0, MOST_TOLD) } } };
    this.#envelopes[index] = bare;
    const still = this.#tryPut([bare]);
    if (still !== undefined) throw still;
  }

  #tryPut(envelopes: readonly Envelope[]): HawserError | undefined {
    const key = envelopes.at(-1)?.cursor ?? '';
    try {
      this.#tx.put(EVENTS[this.#tx.store], key, { ...this.#common, events: envelopes.map(toStored) });
      return undefined;
    } catch (error) {
      return toHawserError(error); // of the store, or of data that are no JSON
    }
  }
}

const toStored = ({ topic, data, namespace }: Envelope): StoredEvent =>
  namespace === DEFAULT_NAMESPACE ? { topic, data } : { topic, data, namespace };
