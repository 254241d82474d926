import type { NamespaceContent } from './namespaces.ts';
import { type Collection, defineCollection, type KeyRange, type ReadTransaction } from './store.ts';

/** Records of one kind that are counted. */
const MOST_COUNTED = 100;
/** Types that are told apart in one collection; what comes behind is counted as one. */
const MOST_TYPES = 16;

/** `<type>/<key>`, as garbage collection names resources. */
const TYPED = /^([a-z][a-z0-9_]*)\//;
/** Only the keys of links and of entries of indexes hold one. */
const LINK = '\0';

/**
 * What the transaction's store holds in its namespace: every collection that is there, whether a plugin of this agent knows it or
 * not. Links and indexes are left out beside what they are made from, and told where that is missing.
 */
export function contentsOf(tx: ReadTransaction): readonly NamespaceContent[] {
  const contents = tx.collections().flatMap((name) => [...kindsIn(tx, defineCollection(tx.store, name))]);
  const own = contents.filter(({ example }) => !example.includes(LINK));
  return own.length === 0 ? contents : own;
}

function* kindsIn(tx: ReadTransaction, collection: Collection): Iterable<NamespaceContent> {
  const kind = (type: string | undefined, example: string, range: KeyRange): NamespaceContent => {
    let count = 0;
    for (const _key of tx.keys(collection, { ...range, limit: MOST_COUNTED + 1 })) count++;
    const bounded = { count: Math.min(count, MOST_COUNTED), more: count > MOST_COUNTED };
    return { store: tx.store, collection: collection.name, ...(type === undefined ? {} : { type }), ...bounded, example };
  };
  let range: KeyRange = {};
  for (let types = 0; ; types++) {
    const [example] = tx.keys(collection, { ...range, limit: 1 });
    if (example === undefined) return;
    const type = types < MOST_TYPES ? TYPED.exec(example)?.[1] : undefined;
    if (type === undefined) return void (yield kind(undefined, example, range));
    yield kind(type, example, { prefix: `${type}/` });
    range = { start: `${type}0` }; // the sign behind the slash
  }
}

/** `leases (2, e.g. l1), snapshots of type attachment (at least 100, e.g. attachment/c1/eth0)`. */
export const contentsText = (contents: readonly NamespaceContent[]): string => contents.map(contentText).join(', ');

function contentText({ collection, type, count, more, example }: NamespaceContent): string {
  const what = type === undefined ? collection : `${collection} of type ${type}`;
  return `${what} (${more ? 'at least ' : ''}${count}, e.g. ${example})`;
}
