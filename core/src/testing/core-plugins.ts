import { Claims } from '../claims/claims.ts';
import { Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { Leases } from '../leases/leases.ts';
import { Namespaces } from '../metadata/namespaces.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { Metadata } from '../metadata/store.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { TestCore } from './core.ts';
import { fakePlugin } from './doubles/fake-plugin.ts';

/** The services of `startCore` as plugins, for tests of plugins that require them; whoever gives others instead leaves these out. */
export function providersOf(core: Omit<TestCore, keyof AsyncDisposable>): readonly AnyPlugin[] {
  return [
    fakePlugin(Metadata, 'lmdb', core.metadata),
    fakePlugin(Events, 'exchange', core.events),
    fakePlugin(Namespaces, 'store', core.namespaces),
    fakePlugin(Leases, 'store', core.leases),
    fakePlugin(Snapshots, 'store', core.snapshots),
    fakePlugin(Gc, 'scheduler', core.gc),
    fakePlugin(Claims, 'ledger', core.claims),
  ];
}
