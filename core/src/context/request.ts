import { AsyncLocalStorage } from 'node:async_hooks';

const requests = new AsyncLocalStorage<string | undefined>();

/**
 * Carries out `work`, and whatever it waits for, as a part of the request with this id: log lines and events have it. Unlike a
 * lease it protects nothing, so that it needs no argument of its own; `undefined` is no request.
 */
export const inRequest = <T>(requestId: string | undefined, work: () => T): T => requests.run(requestId, work);

/** The id of the request that this is a part of. Timers of a clock and what a plugin starts with are of none. */
export const currentRequest = (): string | undefined => requests.getStore();
