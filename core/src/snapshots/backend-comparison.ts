import { untilAborted } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { BackedType, BackendFindings } from '../metadata/snapshot-backend.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import type { BackedDependencies } from './backed-snapshotter.ts';
import { namespaceOf, objectNode, readObject, readObjects, writeObject } from './backend-objects.ts';
import { readRecord } from './snapshot-records.ts';

const ORPHAN_GRACE_MS = 600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

type Ports = Pick<BackedDependencies, 'context' | 'log' | 'metadata' | 'events' | 'gc'>;

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

  /** The backend first: what it has then has had its record before, so that nothing in the making is taken for an orphan. */
  async #compare(): Promise<BackendFindings> {
    const listed = new Set<string>();
    const { backend, orphanGraceMs = ORPHAN_GRACE_MS, type } = this.#definition;
    await untilAborted(collect(backend.list(this.#signal), listed), this.#signal);
    const findings = { orphans: this.#orphans(listed), lost: this.#lost(listed) };
    if (findings.lost.length > 0) await this.#tellLost(findings.lost);
    if (findings.orphans.length > 0) {
      const facts = { type, count: findings.orphans.length, graceMs: orphanGraceMs };
      this.#core.log.warn(facts, 'a backend has objects that the store does not know; they are removed after the grace');
      this.#grace = this.#core.context.clock.timer(orphanGraceMs, () => void this.#removeOrphans(findings.orphans));
    }
    return findings;
  }

  #orphans(listed: ReadonlySet<string>): readonly string[] {
    const { store, type } = this.#definition;
    return this.#core.metadata.read(store, (tx) =>
      Array.from(listed).filter((id) => {
        const namespace = namespaceOf(id);
        return namespace !== undefined && readObject(tx.in(namespace), type, id) === undefined;
      }),
    );
  }

  #lost(listed: ReadonlySet<string>): BackendFindings['lost'] {
    const { store } = this.#definition;
    return this.#core.metadata.read(store, (tx) => tx.namespaces().flatMap((namespace) => [...this.#lostIn(tx.in(namespace), listed)]));
  }

  *#lostIn(tx: ReadTransaction, listed: ReadonlySet<string>): Iterable<BackendFindings['lost'][number]> {
    const { type } = this.#definition;
    for (const [id, { key }] of readObjects(tx, type)) {
      if (listed.has(id) || key === '' || readRecord(tx, { type, key })?.data['id'] !== id) continue;
      yield { namespace: tx.namespace, name: `${type}/${key}`, id };
    }
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

  /** Made known to the store first, as objects that no snapshot has: their removal then survives this process. */
  async #removeOrphans(orphans: readonly string[]): Promise<void> {
    const { metadata, gc, context, log } = this.#core;
    const { store, type } = this.#definition;
    const since = new Date(context.clock.now()).toISOString();
    try {
      await metadata.write(store, (tx) => {
        for (const id of orphans) {
          const inside = tx.in(namespaceOf(id) ?? tx.namespace);
          if (readObject(inside, type, id) === undefined) writeObject(inside, type, id, { key: '', since });
          gc.condemn(inside, objectNode(type, id));
        }
      });
    } catch (error) {
      log.warn({ err: toHawserError(error), type }, 'objects that the store does not know stay until the next start');
    }
  }
}

async function collect(source: AsyncIterable<string>, into: Set<string>): Promise<void> {
  for await (const id of source) into.add(id);
}
