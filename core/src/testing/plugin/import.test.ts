import { readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sound } from './defective.fixture.ts';
import { importFaults } from './import.ts';
import { Subject } from './subject.ts';

const FOLDER = new URL('./early/', import.meta.url);
const here = relative(process.cwd(), fileURLToPath(FOLDER));
const names = readdirSync(FOLDER).map((file) => file.replace('.fixture.ts', ''));

/** What is said of a module, without its folder and the number of a descriptor. */
async function said(name: string): Promise<readonly string[]> {
  const faults = await importFaults(new Subject(sound, { module: new URL(`${name}.fixture.ts`, FOLDER) }));
  return faults.map((fault) => fault.replaceAll(`${here}/`, '').replace(/descriptor \d+/, 'descriptor N'));
}

test('names what a module does before its plugin is started, and where', { timeout: 60_000 }, async () => {
  const found: Record<string, readonly string[]> = {};
  for (const name of names) found[name] = await said(name);
  expect(found).toMatchInlineSnapshot(`
    {
      "ends": [
        "importing it ends the process with code 3",
      ],
      "hangs": [
        "importing it does not end",
      ],
      "listens": [
        "importing it opens a socket, by listens.fixture.ts:4:16",
      ],
      "opens": [
        "importing it leaves the file descriptor N (/etc/passwd), opened by opens.fixture.ts:4:1",
      ],
      "process": [
        "importing it leaves a listener for 'SIGHUP' on process, added by process.fixture.ts:4:9",
        "importing it leaves the environment variable HAWSER_TEST_EARLY, which is not what it was",
      ],
      "quietly-writes": [
        "importing it writes a file (/tmp/hwt-early), by quietly-writes.fixture.ts:4:1",
      ],
      "sound": [],
      "spawns": [
        "importing it starts a process (true), by spawns.fixture.ts:4:1",
      ],
      "thread": [
        "importing it starts a thread, by thread.fixture.ts:4:16",
      ],
      "throws": [
        "importing it fails: there is no lamp, by throws.fixture.ts:1:7",
      ],
      "timer": [
        "importing it leaves a timer that repeats, made by timer.fixture.ts:3:1",
      ],
      "writes": [
        "importing it writes a file (/tmp/hwt-early), by writes.fixture.ts:4:1",
      ],
    }
  `);
});

test('a module that is not there is told as such', async () => {
  expect(await said('missing')).toEqual([expect.stringContaining("importing it fails: Cannot find module '")]);
});

test('a package is found by its name', async () => {
  expect(await importFaults(new Subject(sound, { module: 'zod' }))).toEqual([]);
});

test('nothing is said where no module is told', async () => {
  expect(await importFaults(new Subject(sound, {}))).toEqual([]);
});
