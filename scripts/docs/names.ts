import { tableRows } from '../markdown.ts';
import type { ReadText } from './quotes.ts';

/** Names that the product has, by what they look like. */
export interface KnownNames {
  readonly errors: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
  readonly topics: ReadonlySet<string>;
  readonly plugins: ReadonlySet<string>;
  /** Of the config, dotted. */
  readonly keys: ReadonlySet<string>;
  /** `GET /v1/leases/{}`. */
  readonly routes: ReadonlySet<string>;
}

/** What the generated pages list: errors, metrics, topics and plugins. */
export function namesOfPages(read: ReadText): Omit<KnownNames, 'routes'> {
  const firstCells = (page: string): readonly string[] =>
    tableRows(read(page) ?? '').flatMap(({ cells: [first = ''] }) => /^`(\S+)`$/.exec(first)?.[1] ?? []);
  const headings = [...(read('docs/config.md') ?? '').matchAll(/^### `(hawser\.\S+)`$/gm)].map(([, uri = '']) => uri);
  return {
    errors: new Set(firstCells('docs/errors.md')),
    metrics: new Set(firstCells('docs/metrics.md').filter((name) => name.startsWith('hawser_'))),
    topics: new Set(firstCells('docs/events.md').filter((name) => name.startsWith('/'))),
    plugins: new Set(headings),
    keys: new Set(firstCells('docs/config.md')),
  };
}

/** Labels, files, keys of CNI and points of tests that look like codes of errors; plugins that pages make up; what only proxies measure. */
const NO_NAMES = [
  /^gc\.(?:root|expire|flat)$/,
  /\.(?:sock|json|toml|ts|md)$/,
  /^ipam\.(?:routes|type)$/,
  /^snapshots\.(?:before|after)_/,
  /^hawser\.(?:mode|ipam)\.v1\.(?:acme|ptp|pair)$/,
  /^hawser_proxy_/,
];

/** A sentence for each name between backticks that the product doesn't have. Blocks are others' to check. */
export function nameFaults(page: string, content: string, known: KnownNames): readonly string[] {
  let fenced = false;
  return content.split('\n').flatMap((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    if (fenced) return [];
    const names = [...line.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    return names.flatMap((name) => {
      const fault = NO_NAMES.some((pattern) => pattern.test(name)) ? undefined : faultOf(name, known);
      return fault === undefined ? [] : [`${page}:${index + 1}: ${fault}`];
    });
  });
}

function faultOf(name: string, { errors, metrics, topics, plugins, keys, routes }: KnownNames): string | undefined {
  const [metric = ''] = name.split('{');
  if (/^hawser_[a-z0-9]+_[a-z0-9_]+$/.test(metric)) return metrics.has(metric) ? undefined : `there is no metric ${metric}`;
  if (/^hawser\.[a-z]+\.v\d+\.[a-z-]+$/.test(name)) return plugins.has(name) ? undefined : `there is no plugin ${name}`;
  const [, method = '', path = ''] = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/.exec(name) ?? [];
  if (method !== '') return routeFault(method, path, routes);
  if (/^\/[a-z]+\/[a-z-]+$/.test(name) && hasArea(topics, name, '/', 2)) return topics.has(name) ? undefined : `there is no topic ${name}`;
  if (/^[a-z]+\.[a-z0-9_]+$/.test(name) && hasArea(errors, name, '.', 1))
    return errors.has(name) || keys.has(name) ? undefined : `there is no error ${name}`;
  return undefined;
}

/** Whether a route is there, whatever its parameters are called: `/v1/leases/<id>` is `/v1/leases/{id}`. */
export function routeFault(method: string, path: string, routes: ReadonlySet<string>): string | undefined {
  const [bare = ''] = path.split('?');
  const wanted = `${method} ${bare.replaceAll(/<[^>]+>|\{[^}]+\}/g, '{}')}`;
  if ([...routes].some((route) => matches(route, wanted))) return undefined;
  return `the API has no ${method} ${bare}`;
}

/** A parameter of the route stands for any part of the path. */
function matches(route: string, wanted: string): boolean {
  const [parts, asked] = [route.split('/'), wanted.split('/')];
  return parts.length === asked.length && parts.every((part, index) => part === '{}' || part === asked[index]);
}

/** Whether names of this area are known at all. */
const hasArea = (names: ReadonlySet<string>, name: string, sign: string, parts: number): boolean => {
  const area = `${name.split(sign).slice(0, parts).join(sign)}${sign}`;
  return [...names].some((one) => one.startsWith(area));
};
