/** An error of the file system, which carries its errno's name. */
export function isFileError(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && /^E[A-Z0-9_]+$/.test(thrown.code);
}
