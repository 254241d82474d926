import type { Clock } from '@hawser/core';
import { expect } from 'vitest';
import type { Books } from './machine.ts';

interface Seen {
  readonly attachment: string;
  readonly at: number;
}

/** Who was seen with an address, and when: the next one has it after a cooldown at the earliest. */
export class Tenancy {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #cooldownMs: number;
  readonly #last = new Map<string, Seen>();
  /** Who has ever asked for an address by its name, which ends its cooldown: `container address`. */
  readonly #asked = new Set<string>();

  constructor(clock: Pick<Clock, 'now'>, cooldownMs: number) {
    this.#clock = clock;
    this.#cooldownMs = cooldownMs;
  }

  ask(containerId: string, address: string): void {
    this.#asked.add(`${containerId} ${address}`);
  }

  observe({ records }: Books): void {
    const now = this.#clock.now();
    for (const { id, containerId, claims } of records) {
      for (const { key } of claims) {
        const former = this.#last.get(key);
        if (former !== undefined && former.attachment !== id && !this.#asked.has(`${containerId} ${key}`))
          expect(now - former.at, `the cooldown of ${key}`).toBeGreaterThanOrEqual(this.#cooldownMs);
        this.#last.set(key, { attachment: id, at: now });
      }
    }
  }
}
