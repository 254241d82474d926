import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import * as z from 'zod';
import { describePluginContract } from './plugin-contract.ts';
import { left, sound } from './plugin/defective.fixture.ts';

describePluginContract(sound, { calls: (lamp) => [lamp.light()], module: new URL('plugin/early/sound.fixture.ts', import.meta.url) });

test('calls are of the service that the plugin provides', () => {
  // @ts-expect-error a lamp has no such method
  expect(() => describePluginContract(sound, { calls: (lamp) => [lamp.dark()] })).toThrow(Error);
});

afterAll(async () => {
  for (const release of left.splice(0)) await release();
});

const Results = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) })),
    }),
  ),
});

/** What an author reads under each test of that file that fails. */
async function printed(file: string): Promise<Readonly<Record<string, string>>> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const plugins = fileURLToPath(new URL('plugin/', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'hwt-printed-'));
  try {
    const report = join(folder, 'report.json');
    const words = ['run', '--config', join(plugins, 'printed.config.fixture.ts'), '--reporter=json', `--outputFile=${report}`, file];
    // It exits with 1, as tests fail.
    await new Promise((resolve) => execFile(process.execPath, [vitest, ...words], { timeout: 90_000 }, resolve));
    const { testResults } = Results.parse(JSON.parse(await readFile(report, 'utf8')));
    return Object.fromEntries(
      testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages: [message = ''] }) => [fullName, sentencesOf(message, `${relative(process.cwd(), plugins)}/`)]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Without the stack of the contract, and the folder that all plugins here are in. */
const sentencesOf = (message: string, folder: string): string =>
  message
    .replace(/\n {4}at [^]*/, '')
    .replaceAll(folder, '')
    .replaceAll(/:\d+:\d+/g, ':line:column')
    .replace('AssertionError: ', '');

test('prints who did what, and nothing about the rest', { timeout: 100_000 }, async () => {
  expect(await printed('plugin/printed.fixture.ts')).toMatchInlineSnapshot(`
    {
      "test.lamp.v1.hanging as a plugin answers or refuses calls when it has stopped": "test.lamp.v1.hanging: call 1 of its service hangs when it has stopped",
      "test.thing.v1.Secretive Id as a plugin documents every key of its config and refuses keys that it does not know": "test.thing.v1.Secretive Id: its settings may have keys that it does not know: make it a z.strictObject
    test.thing.v1.Secretive Id: nobody is told what its key 'untold' is for: give it a .describe(…)
    test.thing.v1.Secretive Id: nobody is told what its key 'nested.untold' is for: give it a .describe(…)
    test.thing.v1.Secretive Id: its key 'nested' may have keys that it does not know: make it a z.strictObject
    test.thing.v1.Secretive Id: nobody is told what its key 'list[].untold' is for: give it a .describe(…)
    test.thing.v1.Secretive Id: nobody is told what its key 'named.*.untold' is for: give it a .describe(…)
    test.thing.v1.Secretive Id: nobody is told what its key 'either.untold' is for: give it a .describe(…)",
      "test.thing.v1.Secretive Id as a plugin does no work before its start": "test.thing.v1.Secretive Id: importing it leaves a timer that repeats, made by early/timer.fixture.ts:line:column",
      "test.thing.v1.Secretive Id as a plugin has a versioned type, an id, a summary that is a sentence, and a remedy for each of its errors": "test.thing.v1.Secretive Id: 'test.thing.v1.Secretive Id' is no versioned type with an id, such as acme.clock.v1.quartz
    test.thing.v1.Secretive Id: its summary 'no sentence' is no sentence",
      "test.thing.v1.Secretive Id as a plugin leaves nothing behind when it has stopped": "HawserError: plugin 'test.thing.v1.Secretive Id' has the id 'Secretive Id', which is none",
      "test.thing.v1.Secretive Id as a plugin starts, stops, and starts again": "HawserError: plugin 'test.thing.v1.Secretive Id' has the id 'Secretive Id', which is none",
      "test.thing.v1.interval as a plugin ends its start soon when it is told to stop in the midst of it": "test.thing.v1.interval: a start that is interrupted leaves behind a timer that repeats, made by start in defective.fixture.ts:line:column",
      "test.thing.v1.interval as a plugin leaves nothing behind when it has stopped": "test.thing.v1.interval: it leaves behind a timer that repeats, made by start in defective.fixture.ts:line:column",
      "test.thing.v1.worker as a plugin starts, stops, and starts again": "test.thing.v1.worker: its first stop: worker 'watch', spawned by start in defective.fixture.ts:line:column, goes on although its signal has aborted",
    }
  `);
});
