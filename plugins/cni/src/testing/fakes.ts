import type { CallOptions } from '@hawser/core/network';
import { type FakeHost, fakeHost } from '@hawser/core/testing';
import { type Logger, pino } from 'pino';

/** The namespace of the agent itself in the fake host. */
export const OWN_NETNS = '/proc/1/ns/net';

/** The pod's namespace and the agent's own, by path; every other path is gone. */
export const newHost = (): FakeHost => fakeHost({ namespaces: { '/run/netns/x': '2', [OWN_NETNS]: '1' } });

/** Waits until the signal aborts and fails with its reason, as an engine that undoes at once does. */
export function untilAborted({ signal }: Pick<CallOptions, 'signal'>): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason));
  return promise;
}

/** Resolves once the condition holds; sockets and processes are real and take their time. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the condition never came true');
}

/** A logger that keeps its lines. */
export function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log: Logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}
