import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Paths } from '../config/paths.ts';
import { type AnyPlugin, uriOf } from '../plugin/index.ts';
import { describePluginContract, fakePlugin } from '../testing/index.ts';
import { corePlugins } from './core-plugins.ts';

/** Each on all the others: they are held to what every plugin owes, too. */
for (const plugin of corePlugins.filter(({ provides }) => provides.id !== Paths.id)) {
  const folders: string[] = [];
  describePluginContract(plugin, {
    requires: () => {
      const folder = mkdtempSync(join(tmpdir(), 'hwt-core-plugin-'));
      folders.push(folder);
      const others: readonly AnyPlugin[] = corePlugins.filter((other) => uriOf(other) !== uriOf(plugin) && other.provides.id !== Paths.id);
      return [fakePlugin(Paths, 'agent', { root: join(folder, 'root'), state: join(folder, 'state') }), ...others];
    },
    release: async () => {
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  });
}
