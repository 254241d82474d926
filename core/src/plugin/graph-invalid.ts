import type { HawserError } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { GraphFault } from './graph-faults.ts';

/** All faults of a set of plugins as one error. */
export function graphInvalid(faults: readonly GraphFault[]): HawserError {
  const [first] = faults;
  const message =
    faults.length === 1 && first !== undefined
      ? first.message
      : `this set of plugins has ${faults.length} faults:${faults.map((fault) => `\n  ${fault.message}. ${fault.remedy}`).join('')}`;
  const details = { faults: faults.map(({ kind, uri, message, path, remedy }) => ({ kind, uri, message, path, remedy })) };
  return pluginErrors.graphInvalid(message, { details, ...(faults.length === 1 && first !== undefined ? { remedy: first.remedy } : {}) });
}
