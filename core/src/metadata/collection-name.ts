import { metadataErrors } from './errors.ts';

const COLLECTION_NAME = /^[a-z][a-z0-9_.]{0,63}$/;

/** Throws `metadata.invalid_name` for what a store can't have as the name of a collection. */
export function checkCollectionName(name: string): void {
  if (!COLLECTION_NAME.test(name)) throw metadataErrors.invalidName(`'${name}' is no name for a collection`);
}
