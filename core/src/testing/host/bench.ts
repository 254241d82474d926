import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, type TestContext } from 'vitest';
import { HawserError } from '../../errors/index.ts';
import type { Host, HostFeature, Link, Namespace } from '../../network/host.ts';

/** What a suite gets for one test: a host and a place for its namespaces. */
export interface HostFixture extends AsyncDisposable {
  readonly host: Host;
  /** A path at which no namespace is yet, another one with each call. */
  namespacePath(): string;
  /** Lets time pass until the promise settles, for hosts whose clock is held. */
  settle?<T>(promise: Promise<T>): Promise<T>;
}

export interface HostContractOptions {
  /** A fresh host; disposed after the test. */
  make(): HostFixture | Promise<HostFixture>;
  /** Why this host can't be tested on this machine; every test is then skipped with it. */
  readonly unavailable?: string | undefined;
  /** Another proof than the host's own `ping` that an address answers, such as the ping program. */
  reach?(from: Namespace, address: string): Promise<boolean>;
}

/** What the clauses of the host contract are tested with. Everything made through it is gone after the test. */
export interface HostBench {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** A path at which no namespace is yet. */
  path(): string;
  /** A new namespace, opened. */
  namespace(): Promise<Namespace>;
  /** Opens a path; closed after the test at the latest. */
  open(path: string): Promise<Namespace>;
  /** Skips the test where the host lacks a feature. */
  needs(test: TestContext, ...features: readonly HostFeature[]): void;
  /** Whether the address answers within a few tries. */
  reaches(from: Namespace, address: string): Promise<boolean>;
  /** One echo with a short time-out: the round trip, or the error that it was refused with. */
  ping(from: Namespace, address: string, timeoutMs?: number): Promise<{ readonly rttMs: number }>;
}

const PING_TIMEOUT_MS = 400;
const TRIES = 8;

/** Registers set-up and clean-up with the runner. */
export function hostBench(options: HostContractOptions): HostBench {
  let fixture: HostFixture | undefined;
  let abort = new AbortController();
  const paths: string[] = [];
  const opened: Namespace[] = [];
  const current = (): HostFixture => fixture ?? expect.fail('the host is there during a test only');

  beforeEach(async (test) => {
    if (options.unavailable !== undefined) test.skip(options.unavailable);
    abort = new AbortController();
    fixture = await options.make();
  });
  afterEach(async () => {
    abort.abort(new Error('the test is over'));
    for (const namespace of opened.splice(0)) namespace[Symbol.dispose]();
    for (const path of paths.splice(0)) await fixture?.host.deleteNamespace(path).catch(ignoreGone);
    await fixture?.[Symbol.asyncDispose]();
    fixture = undefined;
  });

  const ping = (from: Namespace, address: string, timeoutMs = PING_TIMEOUT_MS) => {
    const answer = from.ping(address, { timeoutMs, signal: abort.signal });
    return current().settle?.(answer) ?? answer;
  };
  const open = async (path: string): Promise<Namespace> => {
    const namespace = await current().host.openNamespace(path);
    opened.push(namespace);
    return namespace;
  };
  const path = (): string => {
    const fresh = current().namespacePath();
    paths.push(fresh);
    return fresh;
  };

  return {
    get host() {
      return current().host;
    },
    get signal() {
      return abort.signal;
    },
    path,
    open,
    ping,
    async namespace() {
      const fresh = path();
      await current().host.createNamespace(fresh);
      return open(fresh);
    },
    needs(test, ...features) {
      const reason = features.map((feature) => current().host.missing(feature)).find((missing) => missing !== undefined);
      if (reason !== undefined) test.skip(reason);
    },
    async reaches(from, address) {
      if (options.reach !== undefined) return options.reach(from, address);
      for (let tries = 0; tries < TRIES; tries++) {
        if (await ping(from, address).then(() => true, unreachableIsFalse)) return true;
      }
      return false;
    },
  };
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof HawserError) || error.code !== 'host.namespace_gone') throw error;
}

async function unreachableIsFalse(error: unknown): Promise<boolean> {
  if (!(error instanceof HawserError) || error.code !== 'host.unreachable') throw error;
  // The kernel tells carriers and forwarding ports a moment late; a refusal without a wait must not use up all tries.
  await delay(20);
  return false;
}

/** Tries again until the assertions hold, for what the kernel does a moment later. */
export async function eventually(assertions: () => Promise<void>, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertions();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await delay(10);
  }
}

/** The link, which has to be there. */
export async function linkOf(namespace: Namespace, name: string): Promise<Link> {
  return (await namespace.link(name)) ?? expect.fail(`link ${name} is missing`);
}

/** Names of all links but those that a kernel may put into every namespace. */
export async function linkNames(namespace: Namespace): Promise<readonly string[]> {
  const links = await namespace.links();
  return links
    .filter((link) => ['veth', 'bridge', 'macvlan'].includes(link.kind))
    .map((link) => link.name)
    .toSorted();
}
