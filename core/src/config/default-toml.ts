import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { uriOf } from '../plugin/uri.ts';
import { coreShape, pluginShape } from './config-shape.ts';
import { bareOrQuoted } from './key-path.ts';
import { type Setting, settingsIn } from './setting.ts';
import { propertiesOf } from './shape.ts';
import { tomlValue } from './toml-value.ts';

/**
 * The default config with every key of these plugins and its description as a comment. What has no default, and the
 * tables of plugins that are on only when they have one, are comments themselves, so that the file can be loaded as it is.
 */
export function defaultConfigToml(plugins: readonly AnyPlugin[]): string {
  const shape = coreShape();
  // Keys behind a table's heading would be the table's.
  const [tables, keys] = [true, false].map((isInner) => settingsIn(shape).filter(({ type }) => (type === 'table') === isInner));
  const core = [
    ...(keys ?? []).flatMap((setting) => [...settingLines(setting), '']),
    ...(tables ?? []).flatMap((setting) => tableLines(setting, propertiesOf(shape)[setting.key] ?? {})),
  ];
  return `${[...core, ...plugins.flatMap((plugin) => pluginLines(plugin, pluginShape(plugin)))].join('\n').trimEnd()}\n`;
}

function pluginLines(plugin: AnyPlugin, shape: JsonObject): readonly string[] {
  const settings = settingsIn(shape);
  const optional = plugin.enabled === 'configured';
  if (settings.length === 0 && !optional) return [];
  const heading = [`# ${plugin.summary}${optional ? ' It is on when it has this table.' : ''}`, `[plugins.${bareOrQuoted(uriOf(plugin))}]`];
  const lines = [...heading, ...settings.flatMap(settingLines)];
  return [...(optional ? lines.map((line) => (line.startsWith('#') ? line : `# ${line}`)) : lines), ''];
}

function tableLines({ key, description }: Setting, shape: JsonObject): readonly string[] {
  return [`# ${description}`, `[${bareOrQuoted(key)}]`, ...settingsIn(shape).flatMap(settingLines), ''];
}

function settingLines({ key, type, description, required, default: value }: Setting): readonly string[] {
  const remark = description === '' ? `${type}.` : description;
  if (value !== undefined) return [`# ${remark}`, `${bareOrQuoted(key)} = ${tomlValue(value)}`];
  return [`# ${remark}`, `# ${bareOrQuoted(key)} = … (${type}; ${required ? 'required' : 'none unless set'})`];
}
