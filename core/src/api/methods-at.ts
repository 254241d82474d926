import type { RouteDescription } from './route.ts';

type Place = Pick<RouteDescription, 'method' | 'path'>;

/** The methods that a path has, sorted; none where it is no path of these routes. Where one can get, one can ask for the head. */
export function methodsAt(routes: readonly Place[], path: string): readonly string[] {
  const parts = path.split('/');
  const found = routes.filter((route) => isOf(route, parts)).map(({ method }) => method);
  return [...new Set(found.flatMap((method) => (method === 'GET' ? [method, 'HEAD'] : [method])))].toSorted();
}

function isOf({ path }: Place, parts: readonly string[]): boolean {
  const pattern = path.split('/');
  return pattern.length === parts.length && pattern.every((part, at) => (part.startsWith(':') ? parts[at] !== '' : part === parts[at]));
}
