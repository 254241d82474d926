import { coreVersion } from '../../version.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec } from '../command.ts';
import { SUMMARIES } from './summaries.ts';

export const versionCommand = (assembly: Assembly): CommandSpec => ({
  name: 'version',
  summary: SUMMARIES.version,
  run: async ({ output }) => {
    const { name, version } = assembly;
    const { describePlugin } = await import('../../plugin/index.ts');
    const described = (await pluginsOf(assembly)).map(describePlugin);
    const listed = described.map((plugin) => ({ uri: plugin.uri, version: plugin.version ?? coreVersion, stability: plugin.stability }));
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
