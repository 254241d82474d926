import type { Family, Rule } from '@hawser/core/network';
import { formatPrefix, network, parsePrefix, type Prefix } from './ip.ts';
import { refuse } from './refusal.ts';
import { type Net, type NetRule, TABLE } from './state.ts';

const DEFAULTS: readonly (readonly [Family, number, number])[] = [
  [4, 0, TABLE.local],
  [4, 32766, TABLE.main],
  [4, 32767, TABLE.default],
  [6, 0, TABLE.local],
  [6, 32766, TABLE.main],
];

export function defaultRules(): NetRule[] {
  return DEFAULTS.map(([family, priority, table]) => ({
    family,
    priority,
    table,
    from: undefined,
    to: undefined,
    mark: undefined,
    mask: undefined,
  }));
}

export function listRules(net: Net, family?: Family): readonly Rule[] {
  return net.rules.filter((rule) => family === undefined || rule.family === family).map(render);
}

export function addRule(net: Net, told: Rule): void {
  const rule = resolve(told);
  if (net.rules.some((other) => sameRule(other, rule))) refuse('EEXIST', `there is such a rule of priority ${rule.priority}`);
  net.rules.push(rule);
  net.rules.sort((a, b) => a.family - b.family || a.priority - b.priority);
}

export function deleteRule(net: Net, told: Rule): void {
  const rule = resolve(told);
  const at = net.rules.findIndex((other) => sameRule(other, rule));
  if (at < 0) refuse('ENOENT', `there is no such rule of priority ${rule.priority}`);
  net.rules.splice(at, 1);
}

function resolve(told: Rule): NetRule {
  const prefix = (text: string | undefined): Prefix | undefined => {
    if (text === undefined) return undefined;
    const parsed = network(parsePrefix(text));
    if (parsed.family !== told.family) refuse('EINVAL', `${text} is not of family ${told.family}`);
    return parsed.length === 0 ? undefined : parsed;
  };
  const mask = told.mark === undefined ? undefined : (told.mask ?? 0xffffffff);
  return {
    family: told.family,
    priority: told.priority,
    table: told.table,
    from: prefix(told.from),
    to: prefix(told.to),
    mark: told.mark,
    mask,
  };
}

function render(rule: NetRule): Rule {
  return {
    family: rule.family,
    priority: rule.priority,
    table: rule.table,
    ...(rule.from === undefined ? {} : { from: formatPrefix(rule.from) }),
    ...(rule.to === undefined ? {} : { to: formatPrefix(rule.to) }),
    ...(rule.mark === undefined ? {} : { mark: rule.mark }),
    ...(rule.mask === undefined ? {} : { mask: rule.mask }),
  };
}

function sameRule(a: NetRule, b: NetRule): boolean {
  return JSON.stringify(render(a)) === JSON.stringify(render(b));
}
