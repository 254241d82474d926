import { Paths } from '../config/paths.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { definePlugin } from '../plugin/definition.ts';

/** The plugin by which the agent hands its folders to the others. */
export const pathsPlugin = (paths: Paths): AnyPlugin =>
  definePlugin({
    provides: Paths,
    id: 'agent',
    stability: 'stable',
    summary: 'The folders of this agent.',
    start: () => paths,
  });
