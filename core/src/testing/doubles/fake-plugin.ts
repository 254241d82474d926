import type { AnyPlugin } from '../../plugin/definition.ts';
import { definePlugin } from '../../plugin/definition.ts';
import type { Token } from '../../plugin/token.ts';

/** A plugin that provides this value, for tests of plugins that require it. */
export function fakePlugin<T>(token: Token<T>, id: string, value: NoInfer<T>): AnyPlugin {
  return definePlugin({ provides: token, id, summary: 'Stands in for the real one in tests.', start: () => value });
}
