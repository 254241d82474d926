import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpConfig } from './dump.ts';
import { dotted, readDotted } from './key-path.ts';
import { faults, load, write } from './load.fixture.ts';

const RANGE = '[plugins."hawser.ipam.v1.range"]';
const BRIDGE = '[plugins."hawser.mode.v1.bridge"]';
const settings = async (files: Record<string, string>, uri: string) => {
  const { plugins } = await load(await write(files));
  return plugins.settings.get(uri);
};

describe('a later file', () => {
  it('overrides with 0, false, "" and [] as with any other value', async () => {
    const main = `imports = ["over.toml"]\ndisabled = ["hawser.mode.v1.bare"]\n${RANGE}\nranges = ["10.1.0.0/16"]\n${BRIDGE}\nbridge = "x"\nmtu = 9000\nlabels = { a = "1", b = "2" }\n`;
    const over = `disabled = []\n${RANGE}\nranges = []\n${BRIDGE}\nbridge = ""\nmtu = 0\nlabels = { a = "" }`;
    const { plugins, disabled } = await load(await write({ 'c.toml': main, 'over.toml': over }));
    expect(disabled).toEqual([]);
    expect(plugins.settings.get('hawser.ipam.v1.range')).toMatchObject({ ranges: [] });
    expect(plugins.settings.get('hawser.mode.v1.bridge')).toEqual({ bridge: '', mtu: 0, labels: { a: '', b: '2' } });
  });

  it('takes away a key, so that its default is in force again', async () => {
    const files = {
      'c.toml': `imports = ["over.toml"]\nroot = "/a"\n${RANGE}\npolicy = "random"\ncooldown = "1m"\n`,
      'over.toml': `unset = ["root", 'plugins."hawser.ipam.v1.range".policy']`,
    };
    expect(await settings(files, 'hawser.ipam.v1.range')).toMatchObject({ policy: 'first_free', cooldown: 60_000 });
    const config = await load(await write(files));
    expect(config.root).toBe('/var/lib/hawser');
    expect([config.origins.has('root'), config.origins.has('plugins."hawser.ipam.v1.range".policy')]).toEqual([false, false]);
    expect(dumpConfig(config).toml).toContain('policy = "first_free" # default');
  });

  it('takes away one element of a list', async () => {
    const main = `imports = ["over.toml"]\nrequired = [\n  "hawser.mode.v1.bridge",\n  "hawser.ipam.v1.range",\n]\n${BRIDGE}\nbridge = "b"\n`;
    const file = await write({ 'c.toml': main, 'over.toml': `unset = ['required."hawser.mode.v1.bridge"']` });
    const config = await load(file);
    expect(config.required).toEqual(['hawser.ipam.v1.range']);
    expect(config.origins.get('required')).toEqual({ file, line: 2 });
    expect(config.origins.has('required[1]')).toBe(false);
  });

  it('takes away a whole table and gives another one', async () => {
    const main = `imports = ["over.toml"]\n${BRIDGE}\nbridge = "b"\nmtu = 1\nlabels.a = "1"\n`;
    const uri = 'hawser.mode.v1.bridge';
    const off = await load(await write({ 'c.toml': main, 'over.toml': `unset = ['plugins."${uri}"']` }));
    expect([...off.plugins.configured]).toEqual([]);
    expect(await settings({ 'c.toml': main, 'over.toml': `unset = ["plugins.'${uri}'"]\n${BRIDGE}\nbridge = "new"` }, uri)).toEqual({
      bridge: 'new',
      labels: {},
    });
  });

  it('may take away what no file has set, but not misspell it', async () => {
    const over = (...paths: string[]) => ({
      'c.toml': 'imports = ["over.toml"]\nrequired = ["hawser.ipam.v1.range"]',
      'over.toml': `\nunset = ${JSON.stringify(paths)}`,
    });
    await load(await write(over('plugins."hawser.mode.v1.bridge".mtu', 'state', 'plugins."hawser.mode.v1.bridge".labels.any')));
    expect(
      await faults(
        over('stat', 'plugins."hawser.mode.v1.bridge".mut', 'required."hawser.ipam.v1.rang"', 'plugins.zzz', 'a..b', 'a = 1', ''),
      ),
    ).toEqual([
      expect.stringMatching(/^over.toml:2 unset\[6\] too small/i),
      'over.toml:2 unset[4] expected a dotted key as TOML has it, not "a..b"',
      'over.toml:2 unset[5] expected a dotted key as TOML has it, not "a = 1"',
      'over.toml:2 unset[0] names no key that could be set (state)',
      'over.toml:2 unset[1] names no key that could be set (mtu)',
      'over.toml:2 unset[2] names an element that the list before has not (hawser.ipam.v1.range)',
      'over.toml:2 unset[3] names no key that could be set',
    ]);
  });

  it('has what it says of itself checked, whatever files after it say', async () => {
    const file = {
      'c.toml': 'imports = ["b.toml"]',
      'b.toml': 'unset = 5\nimports = ["d.toml"]\nversion = "x"',
      'd.toml': 'unset = []\nversion = 1',
    };
    expect(await faults(file)).toEqual(['b.toml:3 version expected a number, not "x"', 'b.toml:1 unset expected a list, not 5']);
  });
});

describe('a dotted key', () => {
  it('is read as it is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 0 }), { minLength: 1, maxLength: 4 }),
        (path) => void expect(readDotted(dotted(path))).toEqual(path),
      ),
      {
        examples: [[['a.b', '"', "'"]], [['']], [['__proto__']]],
      },
    );
    expect(readDotted(` a . 'b"c' . "d\\n" `)).toEqual(['a', 'b"c', 'd\n']);
  });

  it('that is none is nothing, whatever the text, and quickly', () => {
    for (const text of ['', '.', 'a.', '.a', 'a b', 'a=1', '"a', "'a", 'a.\nb', '"\\x"', 'a[0]']) expect(readDotted(text)).toBeUndefined();
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readDotted(text)));
    const begun = performance.now();
    readDotted(`"${'\\'.repeat(100_000)}`);
    readDotted(' '.repeat(100_000));
    expect(performance.now() - begun).toBeLessThan(300);
  });
});

describe('files that import one another', () => {
  it('are each followed by their own imports', async () => {
    const file = await write({
      'c.toml': 'imports = ["one.toml", "two.toml"]\nroot = "/c"',
      'one.toml': 'imports = ["deep/*.toml"]\nroot = "/one"\nstate = "/one"',
      'two.toml': 'root = "/two"',
      'deep/three.toml': 'state = "/three"\nimports = ["../c.toml"]',
    });
    const { files, root, state } = await load(file);
    expect(files.map((name) => name.slice(dirname(file).length + 1))).toEqual(['c.toml', 'one.toml', 'deep/three.toml', 'two.toml']);
    expect([root, state]).toEqual(['/two', '/three']);
  });
});
