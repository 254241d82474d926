import { readFile } from 'node:fs/promises';
import { cniErrors } from '../endpoint/errors.ts';

const COMPILED = new URL('../../dist/hawser-cni', import.meta.url);
const SCRIPT = new URL('../../dist/hawser-cni.js', import.meta.url);

/** What `e_machine` of an ELF header says (gabi, chapter 4), by Node's name of the architecture. */
const MACHINES: Readonly<Record<string, number>> = {
  ia32: 3,
  ppc64: 21,
  s390x: 22,
  arm: 40,
  x64: 62,
  arm64: 183,
  riscv64: 243,
  loong64: 258,
};

/**
 * The executable as it is to be installed: the compiled one where a compiler was there and compiled for this machine (packages
 * and images come from others), else the script, started by the Node.js that runs this, since a runtime's PATH may have none
 * or another.
 */
export async function loadExecutable(): Promise<{ readonly content: Buffer; readonly kind: 'compiled' | 'script' }> {
  const compiled = await readFile(COMPILED).catch(() => undefined);
  if (compiled !== undefined && runsOn(compiled, process.arch)) return { content: compiled, kind: 'compiled' };
  const script = await readFile(SCRIPT, 'utf8').catch((cause: unknown) => {
    throw cniErrors.noExecutable('neither the compiled executable nor the script is there', { cause });
  });
  return { content: Buffer.from(withInterpreter(script, process.execPath)), kind: 'script' };
}

/** The script with a first line that names its interpreter. */
export const withInterpreter = (script: string, node: string): string => `#!${node}\n${script.replace(/^#!.*\n/, '')}`;

/** Whether a compiled program is one of this architecture; what is no ELF file is none of ours. */
export function runsOn(program: Buffer, arch: string): boolean {
  if (program.length < 20 || program.readUInt32BE(0) !== 0x7f45_4c46) return false;
  const isLittleEndian = program[5] === 1;
  const machine = isLittleEndian ? program.readUInt16LE(18) : program.readUInt16BE(18);
  return machine === MACHINES[arch];
}
