import { apiErrors } from './errors.ts';
import { type Call, exchange, type Peer } from './exchange.ts';

/** Between two looks. */
const LOOK_MS = 2_000;

/**
 * A call that may take minutes: it is waited for as long as the agent answers at all. An agent that hangs is told after
 * `patienceMs` (`api.no_answer`), and not when the call would have had all its time.
 */
export async function exchangeWhileAnswering(peer: Peer, call: Call, patienceMs: number): Promise<unknown> {
  const done = new AbortController();
  const signal = AbortSignal.any([call.signal, done.signal]);
  const watch = async (): Promise<never> => {
    for (;;) {
      await peer.clock.sleep(LOOK_MS, signal);
      await exchange(peer, { method: 'GET', path: '/v1/version', signal, patienceMs }).catch((error: unknown) => {
        if (apiErrors.noAnswer.is(error)) throw error; // of other failures the call itself tells
      });
    }
  };
  try {
    return await Promise.race([exchange(peer, { ...call, signal }), watch()]);
  } finally {
    done.abort();
  }
}
