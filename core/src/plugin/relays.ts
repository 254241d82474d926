import type { Logger } from 'pino';
import type { Relay, RelayFactory } from './token.ts';

/** What stands, in one set of plugins, for providers that may come and go: one relay for each type that somebody requires so. */
export class Relays {
  readonly #log: Logger;
  readonly #relays = new Map<string, Relay<unknown>>();
  readonly #followed = new Map<string, unknown>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What who requires the type gets. `provider`: who provides it now. */
  valueOf(type: string, make: RelayFactory<unknown>, provider: unknown): unknown {
    const known = this.#relays.get(type);
    if (known !== undefined) return known.value;
    const tell = (error: unknown): void =>
      this.#log.warn({ err: error, type }, 'a provider has refused what it was asked for before it came');
    const relay = make(tell);
    this.#relays.set(type, relay);
    if (provider !== undefined) this.enter(type, provider);
    return relay.value;
  }

  /** Someone provides the type. */
  enter(type: string, provider: unknown): void {
    const relay = this.#relays.get(type);
    if (relay === undefined) return;
    this.#followed.set(type, provider);
    relay.follow(provider);
  }

  /** Whoever provides the type is about to stop: nothing reaches it any more. */
  leave(type: string, provider: unknown): void {
    if (provider === undefined || this.#followed.get(type) !== provider) return;
    this.#followed.delete(type);
    this.#relays.get(type)?.follow(undefined);
  }
}
