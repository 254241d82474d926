import type { Topic } from '../plugin/topic.ts';
import { eventErrors } from './errors.ts';

const TOPIC = /^(?:\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*){2,8}$/;
const MOST_LENGTH = 256;

/** The event's name, derived from its topic: `attachments.attached`. */
export const typeOf = (topic: string): string => topic.slice(1).replaceAll('/', '.');

/** What is known of a topic once it has been seen. */
export interface KnownTopic {
  readonly type: string;
  /** Its first component. */
  readonly area: string;
  /** What was declared of it. */
  readonly declared: Topic | undefined;
}

/** Topics are few; one who makes names up finds no room here, and works all the same. */
const MOST_TOPICS = 1_000;

/** The topics that were declared, and those that were seen, each looked at once. */
export class Topics {
  readonly #declared: () => readonly Topic[];
  readonly #known = new Map<string, KnownTopic>();

  /** `declared` is asked for each topic that is seen first: plugins may come with a reload. */
  constructor(declared: () => readonly Topic[]) {
    this.#declared = declared;
  }

  /** `events.invalid_topic` where it is none. */
  get(name: string): KnownTopic {
    return this.#known.get(name) ?? this.#learn(name);
  }

  /** By name. */
  all(): readonly Topic[] {
    return this.#declared().toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  #learn(name: string): KnownTopic {
    if (name.length > MOST_LENGTH || !TOPIC.test(name)) throw eventErrors.invalidTopic(`'${name.slice(0, 80)}' is no topic`);
    const declared = this.#declared().find((topic) => topic.name === name);
    const known: KnownTopic = { type: typeOf(name), area: name.slice(1, name.indexOf('/', 1)), declared };
    if (this.#known.size < MOST_TOPICS) this.#known.set(name, known);
    return known;
  }
}
