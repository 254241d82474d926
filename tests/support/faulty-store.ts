import type { FaultInjector } from '@hawser/core';
import type { Metadata } from '@hawser/core/contracts';

/**
 * A store whose every write passes three points of the fault injector: `store.write.before`, `store.write.inside` (all
 * is written, nothing is committed) and `store.write.after`.
 */
export function faultyStore(metadata: Metadata, faults: FaultInjector): Metadata {
  const write: Metadata['write'] = async (store, fn, scope) => {
    await faults.reach('store.write.before');
    const result = await metadata.write(
      store,
      (tx) => {
        const value = fn(tx);
        // An injector that ends the process does so at once; one that waits can't do so inside a transaction.
        void faults.reach('store.write.inside');
        return value;
      },
      scope,
    );
    await faults.reach('store.write.after');
    return result;
  };
  return new Proxy(metadata, {
    get(target, property) {
      if (property === 'write') return write;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
