import type { HawserError } from '../errors/index.ts';
import type { ConfigFault } from './agent-config.ts';

/** The faults that an error of the config tells; none of any other. */
export function faultsOf({ details }: Pick<HawserError, 'details'>): readonly ConfigFault[] {
  const { faults } = details;
  return Array.isArray(faults) ? faults.filter(isFault) : [];
}

const isFault = (one: unknown): one is ConfigFault =>
  typeof one === 'object' &&
  one !== null &&
  'key' in one &&
  typeof one.key === 'string' &&
  'message' in one &&
  typeof one.message === 'string';
