import { type Metadata, STORES } from '../metadata/store.ts';
import { hasReferences } from './references.ts';

/**
 * Whether any label refers to anything: on most nodes none ever does, and decisions then need not look for it. Once it is
 * so it stays so until the next start.
 */
export class LabelUse {
  #isUsed: boolean;

  constructor(metadata: Pick<Metadata, 'read'>) {
    this.#isUsed = STORES.some((store) =>
      metadata.read(store, (tx) => tx.namespaces().some((namespace) => hasReferences(tx.in(namespace)))),
    );
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** From inside the transaction that makes the first one: where that aborts, looks are taken for nothing. */
  begin(): void {
    this.#isUsed = true;
  }
}
