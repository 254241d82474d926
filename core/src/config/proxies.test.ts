import { describe, expect, it } from 'vitest';
import { toHawserError } from '../errors/index.ts';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { configJsonSchema } from './config-shape.ts';
import { defaultConfigToml } from './default-toml.ts';
import { diffConfigs } from './diff.ts';
import { dumpConfig } from './dump.ts';
import { load as plainLoad, PLUGINS, write } from './load.fixture.ts';
import { loadConfig } from './load.ts';
import { configMarkdown } from './markdown.ts';
import type { ProxyFactory } from './proxies.ts';
import { Secret } from './secret.ts';
import { faultsOf } from './faults-of.fixture.ts';

const Mode = defineToken<object>()('hawser.mode.v1');
const factory: ProxyFactory = {
  types: ['hawser.mode.v1', 'hawser.ipam.v1'],
  plugin: (id) => definePlugin({ provides: Mode, id, summary: 'Lives elsewhere.', start: () => ({}) }),
};
const load = async (text: string) =>
  loadConfig({
    file: await write({ 'config.toml': text }),
    plugins: PLUGINS,
    missingOk: false,
    environment: {},
    proxies: async () => factory,
  });

async function faults(loading: Promise<unknown>): Promise<readonly string[]> {
  const error = await loading.then(() => expect.fail('it should be invalid'), toHawserError);
  return faultsOf(error).map(
    ({ line, key, message, suggestion }) => `${line} ${key} ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
  );
}

const ACME = '[proxy_plugins.acme]\ntype = "hawser.mode.v1"\naddress = "unix:///run/acme.sock"\n';

describe('a table [proxy_plugins.<name>]', () => {
  it('is a plugin of this agent by its type and name, with its table as settings', async () => {
    const config = await load(
      `${ACME}call_deadline = "3s"\nmax_message = "1MiB"\n[proxy_plugins.acme.config]\nvlan = 7\nnested = { deep = [1, "a"] }\n`,
    );
    expect(config.allPlugins.map(({ id }) => id)).toEqual([...PLUGINS.map(({ id }) => id), 'acme']);
    expect(config.plugins.settings.get('hawser.mode.v1.acme')).toEqual({
      type: 'hawser.mode.v1',
      address: 'unix:///run/acme.sock',
      start_deadline: 10_000,
      call_deadline: 3_000,
      health_interval: 5_000,
      health_deadline: 2_000,
      max_message: 2 ** 20,
      config: { vlan: 7, nested: { deep: [1, 'a'] } },
      secrets: {},
    });
  });

  it('can be required, disabled, and overridden from an import', async () => {
    const file = await write({
      'config.toml': `imports = ["more.toml"]\nrequired = ["hawser.mode.v1.acme"]\n${ACME}`,
      'more.toml': '[proxy_plugins.acme]\naddress = "unix:///run/other.sock"\n',
    });
    const config = await loadConfig({ file, plugins: PLUGINS, missingOk: false, environment: {}, proxies: async () => factory });
    expect(config.plugins.settings.get('hawser.mode.v1.acme')).toMatchObject({ address: 'unix:///run/other.sock' });
    expect([...config.plugins.required]).toEqual(['hawser.mode.v1.acme']);
  });

  it('has its faults told with file, line and what was probably meant', async () => {
    const text = [
      '[proxy_plugins.acme]', // 1
      'type = "hawser.mod.v1"',
      'address = "unix:///run/acme.sock"',
    ].join('\n');
    expect(await faults(load(text))).toEqual([
      '2 proxy_plugins.acme.type is no contract that another process can provide ("hawser.mod.v1"); known here: hawser.mode.v1, hawser.ipam.v1 (hawser.mode.v1)',
    ]);
    const broken = ['[proxy_plugins.acme]', 'type = "hawser.mode.v1"', 'address = "tcp://10.0.0.1:80"', 'call_deadlin = "3s"'].join('\n');
    expect(await faults(load(broken))).toEqual([
      expect.stringMatching(/^4 proxy_plugins\.acme\.call_deadlin is unknown; .* \(call_deadline\)$/),
      expect.stringMatching(/^3 proxy_plugins\.acme\.address expected a socket such as unix:\/\/\/run\/acme\.sock/),
    ]);
    expect(await faults(load('[proxy_plugins."Not A Name"]\ntype = "hawser.mode.v1"\naddress = "unix:///a"\n'))).toHaveLength(1);
  });

  it.each(['unix:/run/a.sock', 'unix://run/a.sock', `unix:///${'a'.repeat(108)}`, 'unix:///run/a?b', 'unix:///run/a%20b', ''])(
    'refuses the address %s',
    async (address) => {
      expect(await faults(load(`[proxy_plugins.acme]\ntype = "hawser.mode.v1"\naddress = "${address}"\n`))).toHaveLength(1);
    },
  );

  it('is a fault where an assembly takes no plugins of other processes', async () => {
    const file = await write({ 'config.toml': ACME });
    expect(await faults(plainLoad(file))).toEqual(['1 proxy_plugins can have no tables: this agent takes no plugins of other processes']);
  });

  it('costs nothing where there is none', async () => {
    const file = await write({ 'config.toml': 'root = "/a"\n' });
    const proxies = () => expect.fail('nobody needs it');
    expect((await loadConfig({ file, plugins: PLUGINS, missingOk: false, environment: {}, proxies })).root).toBe('/a');
  });

  it('that has changed is told by the difference of two configs', async () => {
    const [before, after] = [await load(ACME), await load(ACME.replace('acme.sock', 'new.sock'))];
    expect(diffConfigs(before, before).plugins).toEqual([]);
    expect(diffConfigs(before, after).plugins).toMatchObject([{ uri: 'hawser.mode.v1.acme', change: 'changed' }]);
    expect(diffConfigs(await load(''), after).plugins).toMatchObject([{ uri: 'hawser.mode.v1.acme', change: 'added' }]);
  });

  it('is dumped so that it can be loaded again', async () => {
    const { toml } = dumpConfig(await load(`${ACME}[proxy_plugins.acme.config]\nvlan = 7\n`));
    expect((await load(toml)).plugins.settings.get('hawser.mode.v1.acme')).toMatchObject({
      address: 'unix:///run/acme.sock',
      config: { vlan: 7 },
    });
  });

  it('has secrets that are shown nowhere', async () => {
    const text = (token: string) => `${ACME}[proxy_plugins.acme.secrets]\ntoken = "${token}"\nkey = { env = "HOME" }\n`;
    const [before, after] = [await load(text('canary-1')), await load(text('canary-2'))];
    const settings = before.plugins.settings.get('hawser.mode.v1.acme');
    expect(settings).toMatchObject({ secrets: { token: expect.any(Secret), key: expect.any(Secret) } });
    expect(settings).not.toEqual(after.plugins.settings.get('hawser.mode.v1.acme'));
    const { toml, json } = dumpConfig(before);
    expect(toml).toContain('token = "***"');
    expect(toml).toContain('env = "HOME"');
    const changed = diffConfigs(before, after);
    expect(changed.plugins).toMatchObject([{ uri: 'hawser.mode.v1.acme', change: 'changed' }]);
    expect([toml, JSON.stringify([json, settings, changed])].join()).not.toContain('canary');
    const fault = await faults(load(`${ACME}[proxy_plugins.acme.secrets]\ntoken = { env = "canary-3" }\n`));
    expect(fault).toEqual([expect.stringContaining('proxy_plugins.acme.secrets.token.env expected the name of a variable')]);
  });

  it('stands in the schema, the reference and the default config', async () => {
    expect(JSON.stringify(configJsonSchema(PLUGINS))).toContain('Socket at which it listens');
    expect(configMarkdown(PLUGINS)).toContain('proxy_plugins');
    const toml = defaultConfigToml(PLUGINS);
    expect(toml).toContain('proxy_plugins');
    await expect(load(`${toml}\n${ACME}`)).resolves.toBeDefined();
  });
});
