import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { plugins } from '@hawser/agent';
import { HawserError, loadConfig } from '@hawser/core';
import { proxies } from '@hawser/plugin-proxy';
import * as z from 'zod';
import type { CodeBlock } from '../markdown.ts';
import { quoted } from './quotes.ts';

/**
 * What the reference agent says of a `toml` block as its config. One that quotes a file is read where the file is. Left out are
 * blocks that are one of several files (they begin with their path), those that only name a table, and tables of plugins called
 * `acme.…`.
 */
export async function configFaults(block: CodeBlock): Promise<readonly string[]> {
  const [first = '', ...rest] = block.lines;
  if (block.language !== 'toml' || first.startsWith('# /') || rest.length === 0) return [];
  const source = quoted(block);
  if (source !== undefined) return await faultsIn(join(dirname(block.file), source), block, 0);
  const folder = await mkdtemp(join(tmpdir(), 'hawser-docs-'));
  try {
    const file = join(folder, 'config.toml');
    await writeFile(file, block.lines.join('\n'));
    return await faultsIn(file, block, block.line - 1);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The faults of a file, with the lines of the page. */
async function faultsIn(file: string, block: CodeBlock, above: number): Promise<readonly string[]> {
  try {
    await loadConfig({ file, plugins, proxies: async () => proxies, missingOk: false, environment: {} });
    return [];
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    const { faults } = Details.catch({ faults: [{ message: error.message }] }).parse(error.details);
    return faults
      .filter(({ key = '' }) => !MADE_UP.test(key))
      .map(({ line = block.line - above, key = '', message }) => `${block.file}:${line + above}: ${key} ${message}`);
  }
}

/** Plugins that pages make up to show a table of theirs. */
const MADE_UP = /"acme\./;

const Details = z.object({
  faults: z.array(z.object({ line: z.number().optional(), key: z.string().optional(), message: z.string() })),
});
