import { existsSync, globSync, readFileSync } from 'node:fs';

/** Every page of the repository that people read, from its root. */
export function pages(): readonly string[] {
  return globSync(['*.md', 'docs/**/*.md', '{core,plugins,examples,tests,bench,scripts}/**/*.md'], {
    exclude: (name) => name.includes('node_modules'),
  }).toSorted();
}

/** What a file says, or undefined where there is none. */
export function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
