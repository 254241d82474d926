import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as z from 'zod';

/** Where in the compiled code that of each file lies: its start and its length. */
export const Places = z.array(z.tuple([z.string(), z.number(), z.number()]));

/** What V8 compiled when the bundle was tried, in a file of that time and size. */
const Code = z.object({ file: z.string(), mtimeMs: z.number(), size: z.number(), places: Places });
export type Code = z.infer<typeof Code>;

/** What bin/hawser.js reads: it loads a bundle only while what that was made of is what is there. Paths are relative to the agent's package. */
const Index = z.object({
  main: z.string(),
  loader: z.string(),
  /** Modules of core and what stands for them in the bundle: plugins that come as packages get the bundle's own, for all must have the same. */
  doors: z.array(z.tuple([z.string(), z.string()])),
  madeOf: z.array(z.tuple([z.string(), z.number(), z.number()])),
  files: z.array(z.string()),
  code: Code.optional(),
});
export type Index = z.infer<typeof Index>;

/** A file with the time of its last change and its size. */
export function stateOf(agent: string, file: string): Index['madeOf'][number] {
  const { mtimeMs, size } = statSync(file);
  return [relative(agent, file), mtimeMs, size];
}

/** Whether what a bundle was made of is what is there. */
export const isFresh = (agent: string, { madeOf }: Index): boolean =>
  madeOf.every(([path, mtimeMs, size]) => {
    const now = statSync(join(agent, path), { throwIfNoEntry: false });
    return now?.mtimeMs === mtimeMs && now.size === size;
  });

/** Undefined where there is none that can be read. */
export function readIndex(file: string): Index | undefined {
  try {
    return Index.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeIndex(file: string, index: Index): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(index));
  renameSync(temporary, file);
}
