import type { FaultInjector } from '../../context/index.ts';
import type { Metadata } from '../../metadata/store.ts';
import type { Host } from '../../network/host.ts';
import { interceptHost } from './intercepted-host.ts';

/** A point that was made to fail. */
export interface FailingPoint extends FaultInjector {
  /** How often it was reached. */
  readonly reached: number;
}

/** Throws at the `nth` time that `point` is reached (the first unless told), and at each of the `times` from then on (one unless told). */
export function failAt(
  point: string,
  {
    nth = 1,
    times = 1,
    error = new Error(`made to fail at ${point}`),
  }: { readonly nth?: number; readonly times?: number; readonly error?: Error } = {},
): FailingPoint {
  let count = 0;
  return {
    get reached() {
      return count;
    },
    reach(name) {
      if (name !== point) return;
      count++;
      if (count >= nth && count < nth + times) throw error;
    },
  };
}

/**
 * A host whose every change passes two points, `host.<method>.before` and `host.<method>.after`; the configuration of a link
 * passes those of each of its parts.
 */
export function faultyHost<H extends Host>(host: H, faults: FaultInjector): H {
  const passing = async (method: string, carryOut: () => Promise<unknown>): Promise<unknown> => {
    await faults.reach(`host.${method}.before`);
    const outcome = await carryOut();
    await faults.reach(`host.${method}.after`);
    return outcome;
  };
  return interceptHost(host, ({ method, isChange }, carryOut) => (isChange ? passing(method, carryOut) : carryOut()), { inParts: true });
}

/**
 * A store whose every write passes three points: `store.write.before`, `store.write.inside` (all is written, nothing is
 * committed) and `store.write.after`.
 */
export function faultyStore<M extends Metadata>(metadata: M, faults: FaultInjector): M {
  const write: Metadata['write'] = async (store, fn, scope) => {
    await faults.reach('store.write.before');
    const result = await metadata.write(
      store,
      (tx) => {
        const value = fn(tx);
        // One that throws or ends the process does so at once; one that waits can't do so inside a transaction.
        void faults.reach('store.write.inside');
        return value;
      },
      scope,
    );
    await faults.reach('store.write.after');
    return result;
  };
  return withWrite(metadata, write);
}

/** The same store, but for how it is written to. */
export function withWrite<M extends Metadata>(metadata: M, write: Metadata['write']): M {
  return new Proxy(metadata, {
    get(target, property) {
      if (property === 'write') return write;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
