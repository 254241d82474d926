import type { Logger } from 'pino';
import { type Context, untilAborted } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Events } from '../events/events.ts';
import type { Gc } from '../gc/gc.ts';
import { isNamespace } from '../metadata/namespace-records.ts';
import type { BackedType, BackendFindings } from '../metadata/snapshot-backend.ts';
import { DEFAULT_NAMESPACE, type Metadata, type ReadTransaction } from '../metadata/store.ts';
import { namespaceOf, type ObjectRecord, objectNode, readObject, readObjects, writeObject } from './backend-objects.ts';
import { readRecord } from './snapshot-records.ts';

const ORPHAN_GRACE_MS = 600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Records read in one go: a millisecond or two. */
const SLICE = 250;

interface Ports {
  readonly context: Pick<Context, 'clock' | 'random' | 'faults'>;
  readonly log: Logger;
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly events: Pick<Events, 'publish'>;
  readonly gc: Pick<Gc, 'condemn' | 'isCondemned'>;
}

/**
 * What the backend has and what the store knows, compared once at the start. What only the backend has is removed after a
 * grace: it is made known to the store, and is garbage from then on. What only the store has is told.
 */
export class BackendComparison implements Disposable {
  readonly findings: Promise<BackendFindings>;
  readonly #definition: BackedType;
  readonly #core: Ports;
  readonly #signal: AbortSignal;
  #grace: Disposable | undefined;

  constructor(definition: BackedType, core: Ports, signal: AbortSignal) {
    this.#definition = definition;
    this.#core = core;
    this.#signal = signal;
    this.findings = this.#compareUntilDone();
    this.findings.catch(() => undefined); // the stop itself
  }

  [Symbol.dispose](): void {
    this.#grace?.[Symbol.dispose]();
  }

  async #compareUntilDone(): Promise<BackendFindings> {
    const { log, context } = this.#core;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await this.#compare();
      } catch (error) {
        this.#signal.throwIfAborted();
        log.warn(
          { err: toHawserError(error), type: this.#definition.type },
          'a backend could not be compared with the store; it is tried again',
        );
        await context.clock.sleep(pause, this.#signal);
      }
    }
  }

  /**
   * What is made while the backend is listed must be taken neither for lost nor for an orphan: lost can only be what the
   * store knew before; and what the backend has told of had its record before, so that records are looked for afterwards.
   */
  async #compare(): Promise<BackendFindings> {
    const listed = new Set<string>();
    const before = await this.#owned();
    const { backend, orphanGraceMs = ORPHAN_GRACE_MS, type } = this.#definition;
    await untilAborted(collect(backend.list(this.#signal), listed), this.#signal);
    const after = new Set((await this.#owned()).map(({ id }) => id));
    const lost = before.filter(({ id }) => !listed.has(id) && after.has(id));
    const findings = { orphans: await this.#orphans(listed), lost };
    if (findings.lost.length > 0) await this.#tellLost(findings.lost);
    if (findings.orphans.length > 0) {
      const facts = { type, count: findings.orphans.length, graceMs: orphanGraceMs };
      this.#core.log.warn(facts, 'a backend has objects that the store does not know; they are removed after the grace');
      this.#grace = this.#core.context.clock.timer(orphanGraceMs, () => void this.#removeOrphans(findings.orphans));
    }
    return findings;
  }

  async #orphans(listed: ReadonlySet<string>): Promise<readonly string[]> {
    const { store, type } = this.#definition;
    const ids = [...listed];
    const orphans: string[] = [];
    for (let start = 0; start < ids.length; start += SLICE) {
      this.#core.metadata.read(store, (tx) => {
        for (const id of ids.slice(start, start + SLICE)) {
          const namespace = namespaceOf(id);
          if (namespace !== undefined && readObject(tx.in(namespace), type, id) === undefined) orphans.push(id);
        }
      });
      await new Promise(setImmediate);
      this.#signal.throwIfAborted();
    }
    return orphans;
  }

  /** Objects that snapshots have, in every namespace; read in slices, between which others do their work. */
  async #owned(): Promise<BackendFindings['lost']> {
    const { store, type } = this.#definition;
    const { metadata } = this.#core;
    const owned: BackendFindings['lost'][number][] = [];
    for (const namespace of metadata.read(store, (tx) => tx.namespaces())) {
      for (let after: string | undefined = ''; after !== undefined;) {
        const last: string = after;
        after = metadata.read(store, (tx) => this.#ownedIn(tx, readObjects(tx, type, { after: last, limit: SLICE }), owned), { namespace });
        await new Promise(setImmediate);
        this.#signal.throwIfAborted();
      }
    }
    return owned;
  }

  /** Adds those of a slice; says where the next one begins, unless this was the last. */
  #ownedIn(
    tx: ReadTransaction,
    slice: Iterable<readonly [id: string, record: ObjectRecord]>,
    owned: BackendFindings['lost'][number][],
  ): string | undefined {
    const { type } = this.#definition;
    let count = 0;
    let last: string | undefined;
    for (const [id, { key }] of slice) {
      count++;
      last = id;
      if (key !== '' && readRecord(tx, { type, key })?.data['id'] === id)
        owned.push({ namespace: tx.namespace, name: `${type}/${key}`, id });
    }
    return count < SLICE ? undefined : last;
  }

  async #tellLost(lost: BackendFindings['lost']): Promise<void> {
    const { log, metadata, events } = this.#core;
    const { store, type } = this.#definition;
    log.error({ type, lost }, 'a backend has lost the objects of snapshots');
    await metadata.write(store, (tx) => {
      for (const { namespace, name, id } of lost)
        events.publish(tx.in(namespace), { topic: '/snapshots/lost', data: { type, key: name.slice(type.length + 1), id } });
    });
  }

  /** Where an object's record is written: one whose namespace is gone goes by way of the default one. */
  #homeOf(id: string): string {
    const namespace = namespaceOf(id) ?? DEFAULT_NAMESPACE;
    return this.#core.metadata.read('root', (tx) => isNamespace(tx, namespace)) ? namespace : DEFAULT_NAMESPACE;
  }

  /** Made known to the store first, as objects that no snapshot has: their removal then survives this process. */
  async #removeOrphans(orphans: readonly string[]): Promise<void> {
    const { metadata, gc, context, log } = this.#core;
    const { store, type } = this.#definition;
    const since = new Date(context.clock.now()).toISOString();
    try {
      for (let start = 0; start < orphans.length && !this.#signal.aborted; start += SLICE) {
        await metadata.write(store, (tx) => {
          for (const id of orphans.slice(start, start + SLICE)) {
            const inside = tx.in(this.#homeOf(id));
            if (readObject(inside, type, id) === undefined) writeObject(inside, type, id, { key: '', since });
            gc.condemn(inside, objectNode(type, id));
          }
        });
      }
    } catch (error) {
      log.warn({ err: toHawserError(error), type }, 'objects that the store does not know stay until the next start');
    }
  }
}

async function collect(source: AsyncIterable<string>, into: Set<string>): Promise<void> {
  for await (const id of source) into.add(id);
}
