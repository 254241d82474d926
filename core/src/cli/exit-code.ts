import { apiErrors } from '../api/errors.ts';
import type { HawserError } from '../errors/index.ts';
import { pluginErrors } from '../plugin/errors.ts';

/** Exit codes of `hawser`: a contract for scripts. */
export const EXIT = { done: 0, failed: 1, usage: 2, noAgent: 3, notFound: 4 } as const;

/** The exit code that an error ends the command with. */
export function exitCodeOf(error: Pick<HawserError, 'code' | 'kind'>): number {
  if (error.code === apiErrors.noAgent.code) return EXIT.noAgent;
  if (error.kind === 'InvalidArgument' || error.code.startsWith('config.') || error.code === pluginErrors.graphInvalid.code)
    return EXIT.usage;
  return error.kind === 'NotFound' ? EXIT.notFound : EXIT.failed;
}
