import { HawserError } from '@hawser/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectEmpty, expectSettled, expectSound } from './invariants.ts';
import { Machine } from './machine.ts';
import { pump } from './pump.ts';
import { PODS, type Step, steps } from './steps.ts';

/** More, or others: HAWSER_RUNS and HAWSER_SEED. */
const numRuns = Number(process.env['HAWSER_RUNS'] ?? 1_000);
const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_121);

const netns = (pod: number): string => `/ns/${pod}`;
const container = (pod: number): string => `pod-${pod}`;
const call = (signal = new AbortController().signal) => ({ signal, requestId: 'test' });

/** Carries out steps on a machine. */
class Story {
  readonly #machine: Machine;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #surprises: unknown[] = [];
  #clients = new AbortController();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async take(step: Step): Promise<void> {
    const { kernel, context } = this.#machine;
    switch (step.kind) {
      case 'add':
        if (kernel.find(netns(step.pod)) === undefined) kernel.createNamespace(netns(step.pod));
        return this.#begin(({ engine }) => engine.attach(request(step.pod), this.#call()));
      case 'del':
        return this.#begin(({ engine }) => engine.detach(id(step.pod), this.#call()));
      case 'check':
        return this.#begin(({ engine }) => engine.check(id(step.pod), this.#call()));
      case 'gone':
        return this.#begin(({ engine }) => engine.reap({ network: 'net' }, this.#call()));
      case 'gc':
        return this.#begin(({ engine }) => engine.reap({ network: 'net', valid: step.valid.map(id) }, this.#call()));
      case 'hang_up':
        this.#clients.abort(new DOMException('the clients have gone', 'AbortError'));
        this.#clients = new AbortController();
        return undefined;
      case 'lose':
        if (kernel.find(netns(step.pod)) !== undefined) kernel.destroyNamespace(netns(step.pod));
        return undefined;
      case 'crash':
        return (await this.#machine.agent()).life.dieAfter(step.points);
      case 'fail':
        kernel.sim.inject({ operation: 'any_change', nth: step.nth, when: step.when, errno: 'EBUSY' });
        return undefined;
      case 'tick':
        return context.clock.advance(step.ms);
      case 'restart':
        return this.#machine.restart();
      case 'settle':
        return this.settle();
    }
  }

  /** Waits for all calls, which also an agent's death ends; then what holds in any case is looked at. */
  async settle(): Promise<void> {
    await pump(this.#machine.context.clock, Promise.allSettled(this.#calls));
    this.#calls.clear();
    expectSound(this.#machine, await this.#machine.agent());
    expect(this.#surprises).toEqual([]);
  }

  /** Lets everything come to its end: a living agent, no more disturbances, retries, pods that lost their namespace. */
  async rest(): Promise<void> {
    await this.settle();
    this.#machine.kernel.sim.clear();
    await this.#quiet();
    await this.take({ kind: 'gone' });
    await this.settle();
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    const { context } = this.#machine;
    for (let round = 0; round < 20; round++) {
      const agent = await this.#machine.agent();
      agent.life.dieAfter(Number.POSITIVE_INFINITY);
      const busy =
        agent.engine.list().some(({ state }) => state !== 'attached') ||
        agent.gc.status().condemned.length > 0 ||
        agent.leases().length > 0;
      if (!busy) return;
      await context.clock.advance(30_000);
      await pump(context.clock, agent.gc.run(call()));
    }
  }

  #call(): ReturnType<typeof call> {
    return call(this.#clients.signal);
  }

  async #begin(start: (agent: Awaited<ReturnType<Machine['agent']>>) => Promise<unknown>): Promise<void> {
    const agent = await this.#machine.agent();
    const called = start(agent).catch((error: unknown) => {
      const expected = error instanceof HawserError ? !error.code.startsWith('internal.') : error instanceof DOMException;
      if (!expected && !agent.life.isDead) this.#surprises.push(error);
    });
    this.#calls.add(Promise.race([called, agent.life.died]));
    // Some of it happens before the next step.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const id = (pod: number) => ({ containerId: container(pod), ifname: 'eth0', network: 'net' });

function request(pod: number) {
  return {
    containerId: container(pod),
    ifname: 'eth0',
    netns: netns(pod),
    network: { name: 'net', settings: {}, capabilities: {} },
    staticIps: [],
  };
}

async function live(story: readonly Step[], storySeed: number): Promise<void> {
  await using machine = await Machine.make(storySeed);
  const told = new Story(machine);
  for (const step of story) await told.take(step);
  await told.rest();
  expectSettled(machine, await machine.agent());

  for (const pod of PODS) await told.take({ kind: 'del', pod });
  await told.rest();
  await machine.context.clock.advance(10_000);
  const agent = await machine.agent();
  await pump(machine.context.clock, agent.gc.run(call()));
  expectEmpty(machine, agent);
}

test(
  `${numRuns} interleavings of ADD, DEL, CHECK, GC, failures, crashes and restarts keep every guarantee`,
  { timeout: 600_000 },
  async () => {
    await fc.assert(fc.asyncProperty(steps, fc.nat(1_000_000), live), { numRuns, seed, endOnFailure: false });
  },
);
