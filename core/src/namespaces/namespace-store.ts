import type { Events } from '../events/events.ts';
import { fieldsOf } from '../filters/index.ts';
import { metadataErrors } from '../metadata/errors.ts';
import { applyUpdate, type Updatable } from '../metadata/field-paths.ts';
import { changeLabels, type Labels, newLabels } from '../metadata/labels.ts';
import { type Listing, type ListOptions, type Page, readPage } from '../metadata/listing.ts';
import { contentsOf, contentsText } from '../metadata/namespace-contents.ts';
import { deleteNamespace, type NamespaceRecord, readNamespace, readNamespaces, writeNamespace } from '../metadata/namespace-records.ts';
import type { Namespace, NamespaceChanges, NamespaceContent, Namespaces } from '../metadata/namespaces.ts';
import { DEFAULT_NAMESPACE, type Metadata, type ReadTransaction, type Transaction } from '../metadata/store.ts';
import { type Counter, type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { namespaceErrors } from './errors.ts';
import { created, deleted, updated } from './topics.ts';

export interface NamespaceDependencies {
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly events: Pick<Events, 'publish'>;
  readonly metrics?: Metrics;
}

/** Kinds that the message of a refusal names; its details have all. */
const MOST_TOLD = 4;

const UPDATABLE: Updatable<NamespaceRecord> = {
  what: 'a namespace',
  mutable: ['labels'],
  immutable: ['name'],
  invalidLabels: namespaceErrors.invalidLabels,
};

/** Namespaces as records of the root store; metadata/namespace-records.ts says why two stores need no more. */
export class NamespaceStore implements Namespaces {
  readonly #metadata: NamespaceDependencies['metadata'];
  readonly #events: NamespaceDependencies['events'];
  readonly #changes: Counter;

  constructor({ metadata, events, metrics = silentMetrics }: NamespaceDependencies) {
    this.#metadata = metadata;
    this.#events = events;
    this.#changes = metrics.counter({ name: 'hawser_namespaces_changes_total', help: 'Changes to namespaces.', labels: ['change'] });
  }

  create(name: string, { labels = {} }: { readonly labels?: Labels } = {}): Promise<Namespace> {
    return this.#metadata.write('root', (tx) => {
      tx.refuseWhenFull();
      if (readNamespace(tx, name) !== undefined)
        throw namespaceErrors.alreadyExists(`there is a namespace ${name} already`, { details: { namespace: name } });
      return this.#put(tx, name, { labels: newLabels(labels, namespaceErrors.invalidLabels) }, created, 'created');
    });
  }

  update(name: string, changes: NamespaceChanges): Promise<Namespace> {
    return this.#metadata.write('root', (tx) => {
      const record = existing(name, readNamespace(tx, name));
      return this.#put(tx, name, { labels: changedLabels(record, changes) }, updated, 'updated');
    });
  }

  delete(name: string): Promise<void> {
    return this.#metadata.write('root', (tx) => {
      existing(name, readNamespace(tx, name));
      if (name === DEFAULT_NAMESPACE) throw namespaceErrors.isDefault(`the namespace ${name} is always there`);
      assertEmpty(name, this.#contents(tx, name));
      deleteNamespace(tx, name);
      this.#events.publish(tx.in(name), deleted.event({ name }));
      tx.afterCommit(() => this.#changes.add(1, { change: 'deleted' }));
    });
  }

  get(name: string): Namespace | undefined {
    const record = this.#metadata.read('root', (tx) => readNamespace(tx, name));
    return record && { name, ...record };
  }

  stat(name: string): Namespace {
    return {
      name,
      ...existing(
        name,
        this.#metadata.read('root', (tx) => readNamespace(tx, name)),
      ),
    };
  }

  contents(name: string): readonly NamespaceContent[] {
    return this.#metadata.read('root', (tx) => {
      existing(name, readNamespace(tx, name));
      return this.#contents(tx, name);
    });
  }

  page(tx: ReadTransaction, options?: ListOptions): Page<Namespace> {
    return readPage(namespaceListing(tx), options);
  }

  #contents(root: ReadTransaction, name: string): readonly NamespaceContent[] {
    return [...contentsOf(root.in(name)), ...this.#metadata.read('state', contentsOf, { namespace: name })];
  }

  #put(
    tx: Transaction,
    name: string,
    record: NamespaceRecord,
    { event }: typeof created | typeof updated,
    change: 'created' | 'updated',
  ): Namespace {
    writeNamespace(tx, name, record);
    const namespace = { name, ...record };
    this.#events.publish(tx.in(name), event(namespace));
    tx.afterCommit(() => this.#changes.add(1, { change }));
    return namespace;
  }
}

function existing(name: string, record: NamespaceRecord | undefined): NamespaceRecord {
  if (record === undefined) throw metadataErrors.unknownNamespace(`there is no namespace ${name}`, { details: { namespace: name } });
  return record;
}

function assertEmpty(name: string, contents: readonly NamespaceContent[]): void {
  if (contents.length === 0) return;
  const more = contents.length > MOST_TOLD ? ', and more' : '';
  throw namespaceErrors.notEmpty(`the namespace ${name} holds ${contentsText(contents.slice(0, MOST_TOLD))}${more}`, {
    details: { namespace: name, contents: contents.map((content) => ({ ...content })) },
  });
}

const changedLabels = (record: NamespaceRecord, { labels, fields }: NamespaceChanges): Labels =>
  fields === undefined
    ? changeLabels(record.labels, labels, namespaceErrors.invalidLabels)
    : applyUpdate(record, { labels }, fields, UPDATABLE).labels;

const namespaceListing = (tx: ReadTransaction): Listing<NamespaceRecord, Namespace> => ({
  name: 'namespaces',
  scan: (_filters, after) => readNamespaces(tx, after),
  fields: (name, record) => fieldsOf({ name, ...record }),
  item: (name, record) => ({ name, ...record }),
});
