import type { AnyPlugin } from '../plugin/definition.ts';
import { describePlugin } from '../plugin/describe.ts';
import { describeRequirement, requirementsOf, uriOf } from '../plugin/uri.ts';
import type { JsonObject } from '../json.ts';
import { coreShape, pluginShape } from './config-shape.ts';
import { allSettingsIn } from './setting.ts';
import { tomlValue } from './toml-value.ts';

/** The config reference in Markdown: a section with a table of keys for the file itself and for each plugin. */
export function configMarkdown(plugins: readonly AnyPlugin[]): string {
  const sections = [
    '# Configuration reference',
    'The file is TOML. Unknown keys are faults. Durations are strings such as `"30s"`, sizes such as `"64MiB"`.',
    '## The file itself',
    keyTable(coreShape()),
    ...plugins.flatMap((plugin) => [`## \`${uriOf(plugin)}\``, ...pluginSection(plugin)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function pluginSection(plugin: AnyPlugin): readonly string[] {
  const facts = [`Stability: ${describePlugin(plugin).stability}.`];
  if (plugin.enabled === 'configured') facts.push('It is on when it has a table.');
  const requires = requirementsOf(plugin).map(([, requirement]) => `\`${describeRequirement(requirement)}\``);
  if (requires.length > 0) facts.push(`Requires ${requires.join(', ')}.`);
  const heading = `\`\`\`toml\n[plugins."${uriOf(plugin)}"]\n\`\`\``;
  const settings = keyTable(pluginShape(plugin));
  return settings === ''
    ? [plugin.summary, facts.join(' '), 'It takes no settings.']
    : [plugin.summary, facts.join(' '), heading, settings];
}

function keyTable(shape: JsonObject): string {
  const rows = allSettingsIn(shape).map(({ key, type, description, required, default: value }) => {
    const fallback = value === undefined ? (required ? '**required**' : '') : `\`${tomlValue(value)}\``;
    return `| \`${key}\` | ${cell(type)} | ${cell(fallback)} | ${cell(description)} |`;
  });
  return rows.length === 0 ? '' : ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
