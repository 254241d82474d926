import { coreVersion } from '../../version.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec } from '../command.ts';
import { SUMMARIES } from './summaries.ts';

export const versionCommand = (assembly: Assembly): CommandSpec => ({
  name: 'version',
  summary: SUMMARIES.version,
  run: async ({ output }) => {
    const { name, version } = assembly;
    const [{ describePlugin, uriOf }, { corePlugins }] = await Promise.all([
      import('../../plugin/index.ts'),
      import('../../agent/core-plugins.ts'),
    ]);
    const ofCore = new Set<string>(corePlugins.map(uriOf));
    // A plugin that says no version of its own is a part of what it came with.
    const versionOf = (uri: string): string => (ofCore.has(uri) ? coreVersion : version);
    const described = (await pluginsOf(assembly)).map(describePlugin);
    const listed = described.map((plugin) => ({
      uri: plugin.uri,
      version: plugin.version ?? versionOf(plugin.uri),
      stability: plugin.stability,
    }));
    const versions = { name, agent: version, core: coreVersion, node: process.versions.node };
    const rows = [
      ['agent', `${name} ${version}`],
      ['core', coreVersion],
      ['node', process.versions.node],
      ...listed.map((plugin) => [plugin.uri, plugin.version]),
    ];
    output.result({ ...versions, plugins: listed }, { columns: [], rows });
  },
});
