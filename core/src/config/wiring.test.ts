import { describe, expect, it } from 'vitest';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { faults } from './load.fixture.ts';

const Store = defineToken<object>()('test.store.v1');
const Door = defineToken<object>()('test.door.v1');

const one = definePlugin({ provides: Store, id: 'one', summary: 'A store.', start: () => ({}) });
const two = definePlugin({ provides: Store, id: 'two', summary: 'Another.', start: () => ({}) });
const door = definePlugin({
  provides: Door,
  id: 'front',
  enabled: 'configured',
  summary: 'Asks.',
  requires: { store: Store },
  start: () => ({}),
});
const plugins = [one, two, door];
const told = (content: string) => faults({ 'c.toml': content }, {}, plugins);

const AMBIGUOUS =
  " plugin 'front' requires 'test.store.v1', which 'one' and 'two' both provide. " +
  'Put all but one of "test.store.v1.one", "test.store.v1.two" into `disabled`, or require one by its id.';
const FRONT = '[plugins."test.door.v1.front"]';

describe('a config with faults', () => {
  it('has those of the plugins’ wiring told along', async () => {
    expect(await told(`rot = "/a"\n${FRONT}\nx = 1`)).toEqual([
      expect.stringMatching(/^c.toml:1 rot is unknown/),
      expect.stringMatching(/^c.toml:3 plugins."test.door.v1.front".x is unknown/),
      AMBIGUOUS,
    ]);
  });

  it('has a name that is misspelt taken for the one that was meant, so that no fault follows from another', async () => {
    expect(await told(`disabled = ["test.store.v1.twoo"]\nrequired = ["test.door.v1.front"]\n[plugins."test.door.v1.frnt"]`)).toEqual([
      expect.stringMatching(/^c.toml:1 disabled\[0\] names no plugin of this agent .*\(test.store.v1.two\)$/),
      expect.stringMatching(/^c.toml:3 plugins."test.door.v1.frnt" names no plugin of this agent .*\(test.door.v1.front\)$/),
    ]);
  });

  it('that is not known as a whole has no faults of the wiring guessed', async () => {
    expect(await told('disabled = "test.store.v1.two"\n[plugins."test.door.v1.front"]')).toHaveLength(1);
    expect(await told(`imports = ["gone.toml"]\n${FRONT}`)).toHaveLength(1);
    expect(await told(`[proxy_plugins.x]\ntype = "test.store.v1"\naddress = "unix:///x"\n${FRONT}`)).toHaveLength(1);
  });
});
