import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { Labels } from './labels.ts';
import type { ListOptions, Page } from './listing.ts';
import type { ReadTransaction, StoreName } from './store.ts';

/** A room of its own for snapshots, leases and whatever else the stores hold: names in one mean nothing in another. */
export interface Namespace {
  /** An identifier. */
  readonly name: string;
  readonly labels: Labels;
}

/** Changes to a namespace; an empty label value deletes the label, one that isn't named stays unless `fields` says otherwise. */
export interface NamespaceChanges {
  readonly labels: Labels;
  /**
   * Field paths: `labels` replaces all of them, `labels.<key>` takes one from `labels` or deletes it; an empty list
   * stands for all fields that can change. Others are `metadata.invalid_field_path`.
   */
  readonly fields?: readonly string[];
}

/** One kind of what a namespace holds. */
export interface NamespaceContent {
  readonly store: StoreName;
  readonly collection: string;
  /** Of the resources, where the collection holds several types, e.g. `attachment` among snapshots. */
  readonly type?: string;
  /** How many, as far as was counted. */
  readonly count: number;
  /** There may be more than were counted. */
  readonly more: boolean;
  /** The key of the first one. */
  readonly example: string;
}

/**
 * The namespaces of both stores. Each has a record in the root store, which is what makes it one: whoever writes into another
 * is refused with `metadata.unknown_namespace`, whoever reads finds nothing there. `default` is always there.
 *
 * Every change publishes `/namespaces/create`, `/namespaces/update` or `/namespaces/delete` in its transaction, in that namespace.
 *
 * Errors: `metadata.invalid_namespace`, `metadata.unknown_namespace`, `namespaces.already_exists`, `namespaces.not_empty`,
 * `namespaces.is_default`, `namespaces.invalid_labels`, `metadata.disk_full`.
 */
export interface Namespaces {
  create(name: string, options?: { readonly labels?: Labels }): Promise<Namespace>;
  update(name: string, changes: NamespaceChanges): Promise<Namespace>;
  /**
   * Deletes an empty one. While either store holds anything in it that is refused, and the error's `contents` are
   * NamespaceContents. Who writes into it at the same time is either found, or refused from then on.
   */
  delete(name: string): Promise<void>;
  get(name: string): Namespace | undefined;
  /** Like `get`, for who needs it to be there. */
  stat(name: string): Namespace;
  /** What either store holds in it: a few seeks for each kind of it, counted up to a bound. */
  contents(name: string): readonly NamespaceContent[];
  /** By name, in a transaction of the root store. */
  page(tx: ReadTransaction, options?: ListOptions): Page<Namespace>;
}

export const Namespaces: Token<Namespaces, 'hawser.namespaces.v1'> = defineToken<Namespaces>()('hawser.namespaces.v1');
