import { parseNode } from '../gc/node.ts';
import { damagedRecords, defineStoreCheck, type Disagreement, REPAIR, RESTORE } from '../metadata/store-checks.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { hasLease, hasLeftovers, LEASE_COLLECTIONS } from './lease-records.ts';

/**
 * A lease and a resource are linked both ways, and either link tells what the other one was. Where one is missing it is
 * made: what may be protected stays protected.
 */
defineStoreCheck('leases', function* (tx) {
  yield* damagedRecords(tx, LEASE_COLLECTIONS[tx.store].leases);
  yield* checkResources(tx);
  yield* checkLeased(tx);
});

function* checkResources(tx: ReadTransaction): Iterable<Disagreement> {
  const { resources, leased } = LEASE_COLLECTIONS[tx.store];
  for (const link of tx.keys(resources)) {
    const end = link.indexOf('\0');
    const [id, name] = [link.slice(0, end), link.slice(end + 1)];
    if (end < 1 || parseNode(name) === undefined) {
      yield malformed(link);
      continue;
    }
    const back = `${name}\0${id}`;
    if (!hasLease(tx, id) && !hasLeftovers(tx, id)) {
      yield {
        what: `${name} is put under the lease ${id}, which is not there`,
        means: 'nothing protects it by that lease',
        remedy: `Make the lease anew with \`hawser leases create ${id}\`, and delete it when what it keeps isn't wanted.`,
      };
    }
    if (tx.has(leased, back)) continue;
    yield {
      what: `the lease ${id} names ${name}, which has no link back to it`,
      means: 'garbage collection does not see that it is protected',
      remedy: REPAIR,
      mend: (writer) => writer.put(leased, back, {}),
    };
  }
}

function* checkLeased(tx: ReadTransaction): Iterable<Disagreement> {
  const { resources, leased } = LEASE_COLLECTIONS[tx.store];
  for (const link of tx.keys(leased)) {
    const end = link.lastIndexOf('\0');
    const [name, id] = [link.slice(0, end), link.slice(end + 1)];
    if (end < 1 || id === '' || parseNode(name) === undefined) {
      yield malformed(link);
      continue;
    }
    const forth = `${id}\0${name}`;
    if (tx.has(resources, forth)) continue;
    const lives = hasLease(tx, id);
    yield {
      what: `${name} is linked to the lease ${id}, which ${lives ? 'does not name it' : 'is not there'}`,
      means: lives ? 'it is protected, and the end of the lease would not free it' : 'a new lease of that id would protect it unasked',
      remedy: REPAIR,
      mend: lives ? (writer) => writer.put(resources, forth, {}) : (writer) => void writer.delete(leased, link),
    };
  }
}

const malformed = (link: string): Disagreement => ({
  what: `${JSON.stringify(link)} links no lease and resource`,
  means: 'it protects nothing, and nothing deletes it',
  remedy: RESTORE,
});
