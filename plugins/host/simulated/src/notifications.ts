import type { HostEvent } from '@hawser/core/network';
import { renderAddress } from './model/addresses.ts';
import { renderLink } from './model/links.ts';
import type { Net } from './model/state.ts';

/** Events that wait for a reader before the oldest are dropped for an `overrun`, as a socket's buffer does. */
const CAPACITY = 1_024;

/** One reader of one namespace's notifications. */
export class Watcher implements AsyncIterableIterator<HostEvent> {
  private queue: HostEvent[] = [];
  private readonly waiting: ((result: IteratorResult<HostEvent>) => void)[] = [];
  private ended = false;
  private readonly leave: () => void;

  constructor(leave: () => void) {
    this.leave = leave;
  }

  push(event: HostEvent): void {
    if (this.ended) return;
    const waiting = this.waiting.shift();
    if (waiting !== undefined) waiting({ done: false, value: event });
    else if (this.queue.length < CAPACITY) this.queue.push(event);
    else this.queue = [{ type: 'overrun' }];
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.queue = [];
    for (const waiting of this.waiting.splice(0)) waiting({ done: true, value: undefined });
    this.leave();
  }

  next(): Promise<IteratorResult<HostEvent>> {
    const event = this.queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  return(): Promise<IteratorResult<HostEvent>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

type Seen = ReadonlyMap<string, { readonly text: string; readonly event: HostEvent }>;

/**
 * Tells watchers what a call has changed, found by comparing with what they were told before: whatever the model
 * does, nothing changes untold.
 */
export class Notifications {
  private readonly watched = new Map<Net, { readonly watchers: Set<Watcher>; seen: Seen }>();

  watch(net: Net, signal: AbortSignal): Watcher {
    const entry = this.watched.get(net) ?? { watchers: new Set<Watcher>(), seen: view(net) };
    this.watched.set(net, entry);
    const abort = (): void => watcher.end();
    const watcher = new Watcher(() => {
      signal.removeEventListener('abort', abort);
      entry.watchers.delete(watcher);
      if (entry.watchers.size === 0) this.watched.delete(net);
    });
    entry.watchers.add(watcher);
    if (signal.aborted) watcher.end();
    else signal.addEventListener('abort', abort, { once: true });
    return watcher;
  }

  /** After each effect. */
  publish(): void {
    for (const [net, entry] of this.watched) {
      const seen = view(net);
      for (const event of changes(entry.seen, seen)) for (const watcher of entry.watchers) watcher.push(event);
      entry.seen = seen;
    }
  }

  /** As when a socket's buffer has run over. */
  overrun(): void {
    for (const { watchers } of this.watched.values()) for (const watcher of watchers) watcher.push({ type: 'overrun' });
  }
}

function view(net: Net): Seen {
  const seen = new Map<string, { text: string; event: HostEvent }>();
  const add = (key: string, event: HostEvent): void => void seen.set(key, { text: JSON.stringify(event), event });
  for (const device of net.devices.values()) add(`link ${device.index}`, { type: 'link', change: 'set', link: renderLink(device) });
  for (const address of net.addresses) {
    const rendered = renderAddress(address);
    add(`address ${address.device.index} ${rendered.cidr}`, { type: 'address', change: 'set', address: rendered });
  }
  return seen;
}

/** Addresses go before their links, links come before their addresses. */
function changes(before: Seen, after: Seen): readonly HostEvent[] {
  const removed = [...before]
    .filter(([key]) => !after.has(key))
    .map(([, { event }]): HostEvent => (event.type === 'overrun' ? event : { ...event, change: 'removed' }));
  const set = [...after].filter(([key, { text }]) => before.get(key)?.text !== text).map(([, { event }]) => event);
  return [...removed.toReversed(), ...set];
}
