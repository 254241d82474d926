import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CORE_KEYS, failure, faults, folder, load, write } from './load.fixture.ts';

describe('without a file', () => {
  it('everything has its default', async () => {
    const config = await load(undefined);
    expect(config).toMatchObject({ version: 1, root: '/var/lib/hawser', state: '/run/hawser', files: [] });
    expect(config.plugins.settings.get('hawser.ipam.v1.range')).toEqual({
      ranges: ['10.88.0.0/16'],
      cooldown: 30_000,
      routes: [],
      policy: 'first_free',
    });
    expect(config.plugins.configured.size).toBe(0);
  });

  it('that was named, the error says so, unless that is allowed', async () => {
    await expect(load(join(folder, 'nowhere.toml'))).rejects.toMatchObject({ code: 'config.not_found' });
    expect((await load(join(folder, 'nowhere.toml'), true)).files).toEqual([]);
    await expect(load(folder)).rejects.toMatchObject({ code: 'config.unreadable' });
  });
});

describe('a file', () => {
  it('sets core keys and plugins’ settings', async () => {
    const file = await write({
      'config.toml':
        'root = "/a"\nstate = "/b"\nrequired = ["hawser.mode.v1.bridge"]\ndisabled = ["hawser.mode.v1.bare"]\n[plugins."hawser.mode.v1.bridge"]\nbridge = "hw0"\n',
    });
    const config = await load(file);
    expect(config).toMatchObject({ root: '/a', state: '/b', required: ['hawser.mode.v1.bridge'], files: [file] });
    expect(config.plugins.settings.get('hawser.mode.v1.bridge')).toEqual({ bridge: 'hw0', labels: {} });
    expect([...config.plugins.configured]).toEqual(['hawser.mode.v1.bridge']);
    expect([...config.plugins.disabled]).toEqual(['hawser.mode.v1.bare']);
    expect(config.origins.get('plugins."hawser.mode.v1.bridge".bridge')).toEqual({ file, line: 6 });
  });

  it('has all its faults told at once, each with file, line, key and what was probably meant', async () => {
    const text = [
      'rot = "/a"', // 1
      'state = "run"',
      'required = ["hawser.mode.v1.brigde"]',
      '[plugins."hawser.ipam.v1.range"]', // 4
      'ranges = [',
      '  "10.88.0.0/16",',
      '  "10.0.0.0/99",', // 7
      ']',
      'cooldwn = "3s"',
      'policy = "first_fre"', // 10
      'routes = [{ dst = "10.0.0.0/8", vai = "10.0.0.1" }]',
      '[plugins."hawser.mode.v1.bridge"]', // 12
      'mtu = "big"',
      '[plugins."hawser.mode.v1.bare"]', // 14
      'x = 1',
      '[plugins."hawser.ipam.v1.rang"]',
      '[plugins."zzz"]',
    ].join('\n');
    expect(await faults({ 'config.toml': text })).toEqual([
      `config.toml:1 rot is unknown; known here: ${CORE_KEYS.join(', ')} (root)`,
      'config.toml:2 state expected an absolute path, not "run"',
      'config.toml:3 required[0] names no plugin of this agent ("hawser.mode.v1.brigde") (hawser.mode.v1.bridge)',
      'config.toml:16 plugins."hawser.ipam.v1.rang" names no plugin of this agent ("hawser.ipam.v1.rang") (hawser.ipam.v1.range)',
      'config.toml:17 plugins.zzz names no plugin of this agent ("zzz")',
      'config.toml:9 plugins."hawser.ipam.v1.range".cooldwn is unknown; known here: cooldown, policy, ranges, routes (cooldown)',
      'config.toml:11 plugins."hawser.ipam.v1.range".routes[0].vai is unknown; known here: dst, via (via)',
      'config.toml:7 plugins."hawser.ipam.v1.range".ranges[1] expected a range such as 10.88.0.0/16 or fd00:88::/64, not "10.0.0.0/99"',
      'config.toml:10 plugins."hawser.ipam.v1.range".policy expected "first_free" or "random", not "first_fre" (first_free)',
      'config.toml:12 plugins."hawser.mode.v1.bridge".bridge is missing: expected a string',
      'config.toml:13 plugins."hawser.mode.v1.bridge".mtu expected a number, not "big"',
      'config.toml:15 plugins."hawser.mode.v1.bare".x is unknown; plugin \'bare\' takes no settings',
    ]);
  });

  it('has its faults in the message too', async () => {
    const { message, remedy } = await failure({ 'config.toml': 'rot = "/a"' });
    expect(message).toMatch(/^the configuration is invalid: \/.*config.toml:1: rot is unknown; known here: .*; did you mean "root"\?$/);
    expect(remedy).toBe('Correct the configuration; `hawser config check` checks it again.');
  });

  it('may leave out what does not take part, but not misspell it', async () => {
    const text = 'disabled = ["hawser.mode.v1.bridge"]\n[plugins."hawser.mode.v1.bridge"]\nbrigde = "x"';
    expect(await faults({ 'config.toml': text })).toEqual([
      'config.toml:3 plugins."hawser.mode.v1.bridge".brigde is unknown; known here: bridge, labels, mtu, via (bridge)',
      'config.toml:2 plugins."hawser.mode.v1.bridge".bridge is missing: expected a string',
    ]);
  });

  it.each([
    ['a newer version', 'version = 2\nnew_key = 1', 'c.toml:1 version 2 is newer than this agent knows (1); run a newer agent'],
    ['one folder for both', 'root = "/a/"\nstate = "/b/../a"', 'c.toml:2 state is the same folder as root (/a/); they must differ'],
    ['one folder in the other', 'root = "/a"\nstate = "/a/..b"', 'c.toml:2 state lies in root (/a); they must be separate'],
    ['the other in the one', 'root = "/a/b/c"\nstate = "/a"', 'c.toml:2 state holds root (/a/b/c); they must be separate'],
    ['broken TOML', 'a = 1\nb = = 2', /^c.toml:2 {2}is not valid TOML: .* \(column \d+\)$/],
    ['a key twice', 'root = "/a"\nroot = "/b"', /^c.toml:2 {2}is not valid TOML: /],
    ['plugins that are no table', 'plugins = 3', 'c.toml:1 plugins expected a table, not 3'],
    [
      'a plugin that is no table',
      '[plugins]\n"hawser.ipam.v1.range" = "x"',
      'c.toml:2 plugins."hawser.ipam.v1.range" expected a table, not "x"',
    ],
    ['keys that reach into objects', '__proto__ = { x = 1 }', /^c.toml:1 {2}is not valid TOML: /],
    ['bytes that are no text', new Uint8Array([0x61, 0xff, 0xfe]), 'c.toml:1  is not UTF-8 text'],
    ['a huge file', new Uint8Array((1 << 20) + 1), 'c.toml:  is larger than 1 MiB, which no config is'],
    ['tables nested without end', `${'a.'.repeat(50_000)}a = 1`, 'c.toml:  nests tables more than 32 deep'],
    ['a date', 'root = 1979-05-27', 'c.toml:1 root expected an absolute path, not "1979-05-27"'],
    ['imports that are no list', 'imports = "x"', 'c.toml:1 imports expected a list, not "x"'],
  ])('is refused for %s', async (_, content, expected) => {
    const [first] = await faults({ 'c.toml': content });
    expect(first).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });
});

describe('a setting with alternatives', () => {
  const using = (via: string) => faults({ 'c.toml': `[plugins."hawser.mode.v1.bridge"]\nbridge = "b"\nvia = ${via}` });

  it('has the faults of the one that was meant', async () => {
    const key = 'c.toml:3 plugins."hawser.mode.v1.bridge".via';
    expect(await using('5')).toEqual([`${key} expected a string or a table, not 5`]);
    expect(await using('{ subnet = 5 }')).toEqual([`${key}.subnet expected a string, not 5`]);
    expect(await using('{ subnt = "10.0.0.0/8" }')).toEqual([
      `${key}.subnt is unknown; known here: subnet (subnet)`,
      `${key}.subnet is missing: expected a string`,
    ]);
    expect(await using('"10.0.0.0/99"')).toEqual([expect.stringContaining('expected a range such as 10.88.0.0/16')]);
  });
});

describe('imports', () => {
  it('are laid over the file in order: tables merge, lists are replaced, later wins', async () => {
    const file = await write({
      'config.toml':
        'root = "/main"\nimports = ["conf.d/*.toml"]\n[plugins."hawser.ipam.v1.range"]\nranges = ["10.1.0.0/16", "10.2.0.0/16"]\npolicy = "random"\n',
      'conf.d/b.toml': 'root = "/b"\n',
      'conf.d/a.toml': 'root = "/a"\n\n[plugins."hawser.ipam.v1.range"]\nranges = [\n"10.3.0.0/16"]\n',
      'conf.d/c.txt': 'not toml',
    });
    const config = await load(file);
    expect(config.root).toBe('/b');
    expect(config.plugins.settings.get('hawser.ipam.v1.range')).toMatchObject({ ranges: ['10.3.0.0/16'], policy: 'random' });
    expect(config.files.map((name) => name.slice(dirname(file).length))).toEqual(['/config.toml', '/conf.d/a.toml', '/conf.d/b.toml']);
    const at = (key: string) => {
      const origin = config.origins.get(key);
      return origin !== undefined && 'line' in origin ? `${origin.file.split('/').at(-1)}:${origin.line}` : undefined;
    };
    expect(at('root')).toBe('b.toml:1');
    expect(at('plugins."hawser.ipam.v1.range".ranges[0]')).toBe('a.toml:5');
    expect(config.origins.has('plugins."hawser.ipam.v1.range".ranges[1]')).toBe(false);
    expect(at('plugins."hawser.ipam.v1.range".policy')).toBe('config.toml:5');
  });

  it('may import each other and themselves, by whatever path', async () => {
    const file = await write({
      'a.toml': 'imports = ["b.toml", "./a.toml", "c.toml", "*.toml"]',
      'b.toml': 'imports = ["a.toml"]\nroot = "/b"',
    });
    await symlink(file, join(dirname(file), 'c.toml'));
    const config = await load(file);
    expect([config.root, config.files.length]).toEqual(['/b', 2]);
  });

  it('that name a missing file are a fault; a pattern may match nothing', async () => {
    expect((await load(await write({ 'a.toml': 'imports = ["none/*.toml"]' }))).files).toHaveLength(1);
    const [fault] = await faults({ 'a.toml': 'root = "/a"\nimports = [\n  "gone.toml"]' });
    expect(fault).toMatch(/^a.toml:3 imports\[0\] "gone.toml" can't be imported: ENOENT/);
  });

  it('have their faults told with their own name', async () => {
    expect(await faults({ 'a.toml': 'imports = ["b.toml"]\nrot = 1', 'b.toml': '\nstat = "/x"' })).toEqual([
      expect.stringMatching(/^a.toml:2 rot is unknown/),
      expect.stringMatching(/^b.toml:2 stat is unknown/),
    ]);
  });
});

describe('packages', () => {
  const source = `export default [{ provides: { id: 'acme.mode.v1' }, id: 'macvlan', summary: 'x', start: () => ({}) }];`;

  it('are loaded before plugins’ tables are checked', async () => {
    const file = await write({
      'config.toml': 'packages = ["@acme/mode", "./local.mjs"]\n[plugins."acme.mode.v1.macvlan"]\n',
      'node_modules/@acme/mode/package.json':
        '{"name":"@acme/mode","hawser":{"apiVersion":1},"type":"module","exports":{".":{"import":"./main.js"}}}',
      'node_modules/@acme/mode/main.js': source,
      'local.mjs': source.replaceAll('macvlan', 'ipvlan'),
    });
    const { allPlugins, plugins } = await load(file);
    expect(allPlugins.map(({ id }) => id)).toEqual(['range', 'bridge', 'bare', 'macvlan', 'ipvlan']);
    expect([...plugins.configured]).toEqual(['acme.mode.v1.macvlan']);
  });

  it('that are missing, broken or no plugins are all named', async () => {
    const { code, message } = await failure({
      'config.toml': 'packages = ["@acme/none", "./throws.mjs", "./empty.mjs"]',
      'throws.mjs': 'throw new Error("boom")',
      'empty.mjs': 'export default { id: 1 }',
    });
    expect(code).toBe('config.package_failed');
    expect(message).toMatch(
      /3 packages can't be loaded:\n {2}package '@acme\/none' is not installed in .*\n {2}package '.\/throws.mjs' can't be loaded: boom \(.*\. .*\n {2}package '.\/empty.mjs' has no plugin/,
    );
  });

  it('that is alone at fault is told with its own remedy', async () => {
    const { remedy } = await failure({ 'config.toml': 'packages = ["./throws.mjs"]', 'throws.mjs': 'throw new Error("boom")' });
    expect(remedy).toBe('Correct its code, which throws when it is imported.');
  });
});
