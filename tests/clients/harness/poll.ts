import { setTimeout as delay } from 'node:timers/promises';

/** Thrown by who asks, where asking again is of no use. */
export class Ended extends Error {}

/** Asks again and again until the answer is neither undefined nor an error; the last error when time is up. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, limitMs = 30_000): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof Ended) throw error;
      last = error;
    }
    await delay(50);
  }
  throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
}
