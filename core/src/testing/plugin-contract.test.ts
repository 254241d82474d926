import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { describePluginContract } from './plugin-contract.ts';
import { left, sound } from './plugin/defective.fixture.ts';
import { printedBy } from './plugin/printed-by.fixture.ts';

describePluginContract(sound, { calls: (lamp) => [lamp.light()], module: new URL('plugin/early/sound.fixture.ts', import.meta.url) });

test('calls are of the service that the plugin provides', () => {
  // @ts-expect-error a lamp has no such method
  expect(() => describePluginContract(sound, { calls: (lamp) => [lamp.dark()] })).toThrow(Error);
});

afterAll(async () => {
  for (const release of left.splice(0)) await release();
});

/** What an author reads of that file, without the folder that all plugins here are in, and the lines that they are on. */
async function printed(file: string): Promise<Readonly<Record<string, string>>> {
  const plugins = fileURLToPath(new URL('plugin/', import.meta.url));
  const { failures } = await printedBy(process.cwd(), ['--config', join(plugins, 'printed.config.fixture.ts'), file]);
  const place = `${relative(process.cwd(), plugins)}/`;
  const plain = (text: string): string => text.replaceAll(place, '').replaceAll(/:\d+:\d+/g, ':line:column');
  return Object.fromEntries(Object.entries(failures).map(([name, text]) => [name, plain(text)]));
}

test('prints who did what, and nothing about the rest', { timeout: 100_000 }, async () => {
  expect(await printed('plugin/printed.fixture.ts')).toMatchInlineSnapshot(`
    {
      "test.lamp.v1.hanging as a plugin answers or refuses calls when it has stopped": "test.lamp.v1.hanging: call 1 of its service hangs when it has stopped",
      "test.thing.v1.Secretive Id as a plugin documents every key of its config and refuses keys that it does not know": "test.thing.v1.Secretive Id: its settings may have keys that it does not know: make it a z.strictObject
    test.thing.v1.Secretive Id: nobody is told what its key 'silent' is for: give it a .describe(…)
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
      "test.thing.v1.once as a plugin starts, stops, and starts again": "test.thing.v1.once: its second start fails: plugin 'test.thing.v1.once' failed in start: the lamp is lit already",
      "test.thing.v1.variable as a plugin leaves nothing behind when it has stopped": "test.thing.v1.variable: it leaves behind the environment variable HAWSER_TEST_LEFT, which is not what it was",
      "test.thing.v1.worker as a plugin starts, stops, and starts again": "test.thing.v1.worker: its stop: worker 'watch', spawned by start in defective.fixture.ts:line:column, goes on although its signal has aborted",
    }
  `);
});
