import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';

const Results = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) })),
    }),
  ),
});

/** What an author reads under each test that fails when the runner is started in this folder; `ran` are all of them. */
export async function printedBy(folder: string, words: readonly string[]): Promise<Printed> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const place = await mkdtemp(join(tmpdir(), 'hwt-printed-'));
  try {
    const report = join(place, 'report.json');
    const all = [vitest, 'run', '--reporter=json', `--outputFile=${report}`, ...words];
    // It exits with 1, as tests fail.
    await new Promise((resolve) => execFile(process.execPath, all, { cwd: folder, timeout: 90_000 }, resolve));
    const { testResults } = Results.parse(JSON.parse(await readFile(report, 'utf8')));
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = results.filter(({ status }) => status === 'failed');
    return {
      ran: results.map(({ fullName }) => fullName),
      failures: Object.fromEntries(failed.map(({ fullName, failureMessages: [message = ''] }) => [fullName, sentencesOf(message)])),
    };
  } finally {
    await rm(place, { recursive: true });
  }
}

interface Printed {
  readonly ran: readonly string[];
  readonly failures: Readonly<Record<string, string>>;
}

/** Without the stack of the contract. */
const sentencesOf = (message: string): string => message.replace(/\n {4}at [^]*/, '').replace('AssertionError: ', '');
