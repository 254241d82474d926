import { readFile } from 'node:fs/promises';
import { cniErrors } from '../endpoint/errors.ts';

const COMPILED = new URL('../../dist/hawser-cni', import.meta.url);
const SCRIPT = new URL('../../dist/hawser-cni.js', import.meta.url);

/**
 * The executable as it is to be installed: the compiled one where a compiler was there, else the script, started by
 * the Node.js that runs this, since a runtime's PATH may have none or another.
 */
export async function loadExecutable(): Promise<{ readonly content: Buffer; readonly kind: 'compiled' | 'script' }> {
  const compiled = await readFile(COMPILED).catch(() => undefined);
  if (compiled !== undefined) return { content: compiled, kind: 'compiled' };
  const script = await readFile(SCRIPT, 'utf8').catch((cause: unknown) => {
    throw cniErrors.noExecutable('neither the compiled executable nor the script is there', { cause });
  });
  return { content: Buffer.from(withInterpreter(script, process.execPath)), kind: 'script' };
}

/** The script with a first line that names its interpreter. */
export const withInterpreter = (script: string, node: string): string => `#!${node}\n${script.replace(/^#!.*\n/, '')}`;
