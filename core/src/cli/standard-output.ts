import { fstatSync, writeSync } from 'node:fs';
import { isErrno, toHawserError } from '../errors/index.ts';
import { cliErrors } from './errors.ts';

/** What of a stream a command line writes its results to. */
export interface ResultStream {
  write(text: string, taken?: () => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean;
  readonly fd?: number;
  /** What a write has failed with. */
  readonly errored?: Error | null;
  /** How much of it waits for who reads. */
  readonly writableLength?: number;
}

/**
 * Standard output of which no part is lost unseen. Node.js takes a write to a file for done however little of it went
 * there: on a full disk a config would end in the middle, and the command would say that all went well.
 */
export function standardOutput(stream: ResultStream): ResultStream {
  const { fd } = stream;
  if (fd === undefined || stream.isTTY === true || !isFile(fd)) return stream;
  return { write: (text) => writeWhole(fd, Buffer.from(text)), once: (event, listener) => stream.once(event, listener), fd };
}

/**
 * Resolves when who reads has taken what was written. A pipe holds some ten kilobytes, and what waits behind it goes with the
 * process.
 */
export async function whenTaken(stream: Pick<ResultStream, 'write' | 'writableLength'>): Promise<void> {
  if ((stream.writableLength ?? 0) > 0) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
}

/** Throws `cli.output_failed` where results went nowhere. `hawser events | head` has what it wanted when the pipe closes. */
export function assertWritten({ errored }: ResultStream): void {
  if (errored instanceof Error && !isPipeClosed(errored)) throw outputFailed(errored);
}

export const isPipeClosed = (error: Error): boolean => isErrno(error, 'EPIPE');

export const outputFailed = (cause: unknown) =>
  cliErrors.outputFailed(`the output can't be written: ${toHawserError(cause).message}`, { cause });

function isFile(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isFile() || stats.isCharacterDevice();
  } catch {
    return false;
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  } catch (error) {
    throw outputFailed(error);
  }
}
