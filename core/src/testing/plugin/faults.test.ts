import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import type { AnyPlugin } from '../../plugin/index.ts';
import { curious, deafExamination, hanging, left, secretive, sound, stubborn, takers } from './defective.fixture.ts';
import { hangingCalls, interruptionFaults, leaks, leaksOfAnAbortedStart, leaksOfExamination, repetitionFaults } from './life.ts';
import { configFaults, registrationFaults } from './registration.ts';
import { type PluginContractOptions, Subject } from './subject.ts';

afterEach(async () => {
  for (const release of left.splice(0)) await release();
});

/** The same sentences with the code that they point at in the place of file, line and column, and N for numbers of the system. */
const readable = (sentences: readonly string[]): readonly string[] =>
  sentences.map((sentence) =>
    sentence
      .replace(/(?<=descriptor |process \()\d+/, 'N')
      // The next one may be there before the last one is gone.
      .replace(/(an immediate.*) \(2 times\)/, '$1')
      .replace(/(?<= in | by )(\S+):(\d+):(\d+)/, (_place, file: string, line: string, column: string) => {
        const text = readFileSync(file, 'utf8').split('\n')[Number(line) - 1] ?? '';
        return `«${text.slice(Number(column) - 1)}»`;
      }),
  );

const of = (plugin: AnyPlugin | undefined, options: PluginContractOptions = {}): Subject =>
  new Subject(plugin ?? expect.fail('there is no such plugin'), options);

test('names what a plugin leaves behind, and who made it', async () => {
  const found: Record<string, readonly string[]> = {};
  for (const [name, plugin] of Object.entries(takers)) {
    found[name] = readable(await leaks(of(plugin), 100));
    for (const release of left.splice(0)) await release();
  }
  expect(found).toMatchInlineSnapshot(`
    {
      "atTheEnd": [
        "it leaves behind a timer that repeats, made by «setInterval(() => undefined, 1_000);»",
      ],
      "broadcast": [
        "it leaves behind a message port, made by start in «new BroadcastChannel('hawser-test');»",
      ],
      "clockTimer": [
        "it leaves behind a timer, made by start in «timer(60_000, () => undefined);»",
      ],
      "file": [
        "it leaves behind the file descriptor N (/etc/passwd), opened by start in «openSync('/etc/passwd', 'r');»",
      ],
      "fileLater": [
        "it leaves behind the file descriptor N (/etc/passwd), opened by descriptor in «openFile('/etc/passwd', 'r', (_error, found) => resolve(found)));»",
      ],
      "handle": [
        "it leaves behind the file descriptor N (/etc/passwd), opened by start in «open('/etc/passwd');»",
      ],
      "http": [
        "it leaves behind a socket that listens, made by start in «listen(0, '127.0.0.1');»",
      ],
      "interval": [
        "it leaves behind a timer that repeats, made by start in «setInterval(() => undefined, 1_000);»",
      ],
      "lastCall": [
        "it leaves behind a listener for 'exit' on process, added by start in «on('exit', listen);»",
      ],
      "later": [
        "it leaves behind a timer, made by «setTimeout(() => undefined, 60_000);»",
      ],
      "listener": [
        "it leaves behind a listener for 'SIGHUP' on process, added by start in «on('SIGHUP', listen);»",
      ],
      "loop": [
        "it leaves behind an immediate that comes again and again, made by again in «setImmediate(again));»",
      ],
      "port": [
        "it leaves behind a message port, made by start in «new MessageChannel();» (2 times)",
      ],
      "process": [
        "it leaves behind a child process (N), made by start in «spawn('sleep', ['60']);»",
      ],
      "quietTimer": [
        "it leaves behind a timer, made by start in «setTimeout(() => undefined, 60_000).unref();»",
      ],
      "socket": [
        "it leaves behind a socket, made by start in «connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');»",
      ],
      "thread": [
        "it leaves behind a worker thread, made by start in «new Worker('setInterval(() => undefined, 1_000)', { eval: true });»",
      ],
      "udp": [
        "it leaves behind a UDP socket, made by start in «createSocket('udp4');»",
      ],
      "variable": [
        "it leaves behind the environment variable HAWSER_TEST_LEFT, which is not what it was",
      ],
      "watch": [
        "it leaves behind a watch on a file, made by start in «watch('/');»",
      ],
    }
  `);
});

test('names what a library leaves of which no own code of the plugin is known', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hwt-library-'));
  const file = join(folder, 'node_modules', 'lamp', 'index.mjs');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    `export let timer;
export const start = () => {
  timer = setInterval(() => undefined, 1_000);
  setTimeout(() => undefined, 60_000).unref();
  return {};
};
`,
  );
  const library: { readonly start: () => object; readonly timer?: NodeJS.Timeout } = await import(pathToFileURL(file).href);
  try {
    // As a plugin from a package is: all of its code is a library's.
    const found = await leaks(of({ ...sound, start: library.start }), 100);
    expect(found).toEqual([`it leaves behind a timer that repeats, made by start in ${relative(process.cwd(), file)}:3:11`]);
  } finally {
    clearInterval(library.timer);
    await rm(folder, { recursive: true });
  }
});

test('names what keeps a plugin from starting and stopping', async () => {
  const found: Record<string, readonly string[]> = {};
  for (const name of ['once', 'never', 'release', 'taken', 'failing', 'worker'])
    found[name] = readable(await repetitionFaults(of(stubborn[name])));
  expect(found).toMatchInlineSnapshot(`
    {
      "failing": [
        "its stop: the release deferred by start in «defer(() => Promise.reject(new Error('the lamp is stuck')));» of 'test.thing.v1.failing' was not released: the lamp is stuck",
      ],
      "never": [
        "its first start fails: plugin 'test.thing.v1.never' failed in start: no lamp",
      ],
      "once": [
        "its second start fails: plugin 'test.thing.v1.once' failed in start: the lamp is lit already",
      ],
      "release": [
        "its stop: the release deferred by start in «defer(() => new Promise<void>(() => undefined));», does not end",
      ],
      "taken": [
        "its stop: the release of what was taken by start in «use({ [Symbol.asyncDispose]: () => new Promise<void>(() => undefined) });», does not end",
      ],
      "worker": [
        "its stop: worker 'watch', spawned by start in «spawn('watch', () => new Promise<void>(() => undefined));», goes on although its signal has aborted",
      ],
    }
  `);
});

test('a start that ignores its signal is found, and what an interrupted one leaves', async () => {
  expect(await interruptionFaults(of(stubborn['deaf']), 100)).toEqual(['its start goes on although its signal has aborted']);
  expect(await interruptionFaults(of(stubborn['attentive']))).toEqual([]);
  expect(readable(await interruptionFaults(of(stubborn['untidy']), 100))).toEqual([
    'a start that is interrupted leaves behind a timer that repeats, made by start in «setInterval(() => undefined, 1_000);»',
  ]);
});

test('what an examination leaves is found', async () => {
  expect(readable(await leaksOfExamination(of(curious), 100))).toEqual([
    'its examination leaves behind a timer that repeats, made by examine in «setInterval(() => undefined, 1_000);»',
  ]);
});

test('an examination that ignores its signal is found', async () => {
  expect(await leaksOfExamination(of(deafExamination), 50)).toEqual(['its examination goes on although its signal has aborted']);
});

test('a config that is none of its schema is told with the keys', async () => {
  const settings = () => of({ ...sound, config: z.strictObject({ wick: z.int() }) }).settings;
  expect(settings).toThrow("the contract's option 'config' is not what its schema asks for: wick: Invalid input");
});

test('a call that hangs when the plugin has stopped is found', async () => {
  const calls = { calls: (service: unknown) => [hanging.provides.id, (service as { light(): Promise<void> }).light()] };
  expect(await hangingCalls(of(hanging, calls), 50)).toEqual(['call 2 of its service hangs when it has stopped']);
  expect(await hangingCalls(of(sound, calls), 50)).toEqual([]);
});

test('names what of a registration is not as users need it', () => {
  expect([...registrationFaults(of(secretive)), ...configFaults(of(secretive))]).toMatchInlineSnapshot(`
    [
      "'test.thing.v1.Secretive Id' is no versioned type with an id, such as acme.clock.v1.quartz",
      "its summary 'no sentence' is no sentence",
      "its settings may have keys that it does not know: make it a z.strictObject",
      "nobody is told what its key 'silent' is for: give it a .describe(…)",
      "nobody is told what its key 'untold' is for: give it a .describe(…)",
      "nobody is told what its key 'nested.untold' is for: give it a .describe(…)",
      "its key 'nested' may have keys that it does not know: make it a z.strictObject",
      "nobody is told what its key 'list[].untold' is for: give it a .describe(…)",
      "nobody is told what its key 'named.*.untold' is for: give it a .describe(…)",
      "nobody is told what its key 'either.untold' is for: give it a .describe(…)",
    ]
  `);
});

test('finds nothing at a plugin that is sound', async () => {
  const subject = of(sound);
  expect(registrationFaults(subject)).toEqual([]);
  expect(configFaults(subject)).toEqual([]);
  for (const look of [repetitionFaults, leaks, leaksOfAnAbortedStart, leaksOfExamination, interruptionFaults, hangingCalls])
    expect([look.name, ...(await look(subject))]).toEqual([look.name]);
});
