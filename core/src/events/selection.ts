import { compileFilters, fieldsOf } from '../filters/index.ts';
import type { Envelope, EventSelection } from './events.ts';

/** A selection, read once. */
export interface Selector {
  /** The fast half: whether events of a topic may be meant. */
  topic(topic: string): boolean;
  /** The slow half; undefined: nothing is left to ask. */
  readonly filter: ((envelope: Envelope) => boolean) | undefined;
}

/** `filters.invalid` where one can't be read. */
export function readSelection({ topics = [], filters = [] }: EventSelection): Selector {
  const matches = filters.length === 0 ? undefined : compileFilters(filters);
  return {
    topic: byPrefix(topics.map((prefix) => (prefix.endsWith('/') ? prefix.slice(0, -1) : prefix))),
    filter: matches && ((envelope) => matches(fieldsOf(envelope))),
  };
}

/** Topics are few: each is compared once. */
function byPrefix(prefixes: readonly string[]): (topic: string) => boolean {
  if (prefixes.length === 0) return () => true;
  const known = new Map<string, boolean>();
  return (topic) => {
    const verdict = known.get(topic) ?? prefixes.some((prefix) => topic === prefix || topic.startsWith(`${prefix}/`));
    if (known.size < MOST_TOPICS) known.set(topic, verdict);
    return verdict;
  };
}

const MOST_TOPICS = 1_000;
