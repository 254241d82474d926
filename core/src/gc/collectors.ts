import { toHawserError } from '../errors/index.ts';
import { gcErrors } from './errors.ts';
import type { Collector, Node } from './gc.ts';

/** A registered type; its signal aborts when it is released. */
export interface Registered {
  readonly collector: Collector;
  readonly signal: AbortSignal;
}

const TYPE = /^[a-z][a-z0-9_]*$/;

/** The registered types. What collectors throw comes out as `gc.collector_failed`. */
export class Collectors implements Iterable<Collector> {
  readonly #byType = new Map<string, Registered>();
  #generation = 0;

  /** Another one after each type that has come or gone. */
  get generation(): number {
    return this.#generation;
  }

  add(collector: Collector): Disposable {
    const { type } = collector;
    if (!TYPE.test(type)) throw gcErrors.invalidType(`'${type}' is no name for a type`);
    if (this.#byType.has(type)) throw gcErrors.alreadyRegistered(`type ${type} is registered already`, { details: { type } });
    const controller = new AbortController();
    const entry = { collector: guarded(collector), signal: controller.signal };
    this.#byType.set(type, entry);
    this.#generation++;
    return {
      [Symbol.dispose]: () => {
        if (this.#byType.get(type) === entry) this.#byType.delete(type);
        this.#generation++;
        controller.abort(gcErrors.stopping(`type ${type} is no longer registered`));
      },
    };
  }

  get(type: string): Registered | undefined {
    return this.#byType.get(type);
  }

  *[Symbol.iterator](): Iterator<Collector> {
    for (const { collector } of this.#byType.values()) yield collector;
  }
}

/** The same collector, whose every synchronous answer is complete or an error of the catalogue. */
function guarded(collector: Collector): Collector {
  const { type, store, refersTo, scan, expiry, labels, createdAt, referrers, has, cleanup } = collector;
  const failed = (question: string, error: unknown): Error =>
    gcErrors.collectorFailed(`the collector of ${type} failed to tell ${question}: ${toHawserError(error).message}`, {
      cause: error,
      details: { type },
    });
  const ask = <T>(question: string, answer: () => T): T => {
    try {
      return answer();
    } catch (error) {
      throw failed(question, error);
    }
  };
  // The compiler takes an asynchronous function for one that returns nothing.
  const act = (question: string, action: () => unknown): void =>
    ask(question, () => {
      const result = action();
      if (!(result instanceof Promise)) return;
      result.catch(() => undefined);
      throw new Error('it returned a promise, in a transaction');
    });
  function* each<T>(question: string, answers: () => Iterable<T>): Iterable<T> {
    const iterator = ask(question, () => answers()[Symbol.iterator]());
    try {
      for (let next = ask(question, () => iterator.next()); next.done !== true; next = ask(question, () => iterator.next()))
        yield next.value;
    } finally {
      iterator.return?.();
    }
  }
  return {
    type,
    store,
    ...(refersTo === undefined ? {} : { refersTo }),
    keys: (tx) => each('its keys', () => collector.keys(tx)),
    isRoot: (tx, key, now) => ask(`whether ${key} is a root`, () => collector.isRoot(tx, key, now)),
    references: (tx, key) => ask(`what ${key} refers to`, (): readonly Node[] => [...collector.references(tx, key)]),
    condemn: (tx, key) => act(`that ${key} is condemned`, () => collector.condemn(tx, key)),
    finish: (tx, key) => act(`that ${key} is finished`, () => collector.finish(tx, key)),
    ...(scan === undefined ? {} : { scan: (tx, now) => each('all of its nodes', () => scan.call(collector, tx, now)) }),
    ...(expiry === undefined ? {} : { expiry: (tx, key) => ask(`when ${key} expires`, () => expiry.call(collector, tx, key)) }),
    ...(labels === undefined ? {} : { labels: (tx, key) => ask(`the labels of ${key}`, () => labels.call(collector, tx, key)) }),
    ...(createdAt === undefined ? {} : { createdAt: (tx, key) => ask(`the age of ${key}`, () => createdAt.call(collector, tx, key)) }),
    ...(referrers === undefined
      ? {}
      : { referrers: (tx, node) => ask('what refers to a node', () => [...referrers.call(collector, tx, node)]) }),
    ...(has === undefined ? {} : { has: (tx, key) => ask(`whether ${key} exists`, () => has.call(collector, tx, key)) }),
    ...(cleanup === undefined ? {} : { cleanup: (key, signal, namespace) => cleanup.call(collector, key, signal, namespace) }),
  };
}
