import { expect, test } from 'vitest';
import { plugin, setup, traced } from './reload.fixture.ts';
import { defineToken, type Relay } from './token.ts';

/** Hears words; whoever speaks has one to speak to, whether anybody hears or not. */
interface Ear {
  hear(word: string): void;
}

const relay = (tell: (error: unknown) => void): Relay<Ear> => {
  let ear: Ear | undefined;
  return {
    value: { hear: (word) => ear?.hear(word) },
    follow: (provider) => {
      ear = provider;
      if (provider === undefined) tell(new Error('nobody hears'));
    },
  };
};
const Ears = defineToken<Ear>()('test.ear.v1', { relay });
const Mouth = defineToken<string>()('test.mouth.v1');
const Follower = defineToken<string>()('test.follower.v1');

const EAR = 'test.ear.v1.left';

async function setUp(given: Parameters<typeof setup>[1] = {}) {
  const heard: string[] = [];
  let mouth: Ear | undefined;
  const kit = await setup(
    (seen) => [
      {
        provides: Ears,
        id: 'left',
        summary: 'Hears.',
        start: (context) => {
          traced(seen, 'ear')(context);
          return { hear: (word: string) => heard.push(word) };
        },
      },
      plugin(
        Mouth,
        'speaker',
        (context) => {
          mouth = (context as unknown as { readonly ear: Ear | undefined }).ear;
          return traced(seen, 'speaker')(context);
        },
        { requires: { ear: Ears.optional() } },
      ),
      plugin(Follower, 'second', traced(seen, 'second'), { requires: { mouth: Mouth } }),
    ],
    given,
  );
  return { ...kit, heard, speak: (word: string) => mouth?.hear(word), hasEar: () => mouth !== undefined };
}

test('a provider that is turned off and on again restarts nobody, and hears what is said while it is on', async () => {
  const { seen, heard, speak, reload, dryRun } = await setUp();
  expect(seen).toEqual(['start ear {}', 'start speaker {}', 'start second {}']);
  speak('one');
  expect(dryRun({ disabled: [EAR] })).toEqual([{ uri: EAR, action: 'stop', reason: 'it is disabled by config' }]);
  expect((await reload({ disabled: [EAR] })).steps.map(({ uri }) => uri)).toEqual([EAR]);
  speak('two');
  expect((await reload({})).steps).toEqual([{ uri: EAR, action: 'start', reason: 'it takes part now' }]);
  speak('three');
  expect(heard).toEqual(['one', 'three']);
  expect(seen.slice(3)).toEqual(['stop ear', 'start ear {}']);
});

test('one that is off at the start is heard of when it comes', async () => {
  const { heard, speak, hasEar, reload } = await setUp({ disabled: [EAR] });
  expect(hasEar()).toBe(true);
  speak('one');
  expect((await reload({})).steps.map(({ uri }) => uri)).toEqual([EAR]);
  speak('two');
  expect(heard).toEqual(['two']);
});

test('where the set has none, nothing stands for it; when one is added, who could have had it is started with it', async () => {
  const { set, seen, reload } = await setUp();
  const without = set.filter((one) => one.provides.id !== Ears.id);
  await reload({}, without);
  const { steps } = await reload({}, [...without, ...set.filter((one) => one.provides.id === Ears.id)]);
  // It had a relay since its start, which follows also one that has left the set and come again.
  expect(steps.map(({ uri, action }) => `${action} ${uri}`)).toEqual([`start ${EAR}`]);
  expect(seen.filter((line) => line.startsWith('start speaker'))).toHaveLength(1);

  const alone = await setup((list) => [
    plugin(
      Mouth,
      'speaker',
      (context) => {
        list.push('ear' in context ? String(context.ear) : 'nothing');
        return 'x';
      },
      { requires: { ear: Ears.optional() } },
    ),
  ]);
  expect(alone.seen).toEqual(['undefined']);
  const added = { provides: Ears, id: 'left', summary: 'Hears.', start: () => ({ hear: () => undefined }) };
  await alone.reload({}, [...alone.set, added]);
  expect(alone.seen).toEqual(['undefined', '[object Object]']);
});

test('a reload that fails and goes back leaves the provider that ran heard', async () => {
  const { set, heard, speak, reload } = await setUp();
  const broken = plugin(defineToken<string>()('test.broken.v1'), 'x', () => {
    throw new Error('no');
  });
  await expect(reload({ disabled: [EAR] }, [...set, broken])).rejects.toMatchObject({ code: 'plugin.reload_failed' });
  speak('still');
  expect(heard).toEqual(['still']);
});
