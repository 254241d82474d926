import { HawserError } from '@hawser/core';
import { expect } from 'vitest';
import { expectIdle, expectSound } from './invariants.ts';
import { interfaceOf, viewOf } from './kernel-view.ts';
import type { Agent, Machine } from './machine.ts';
import { containerOf, idOf, pathOf, requestOf } from './pods.ts';
import { pump } from './pump.ts';
import { PODS, type Step } from './steps.ts';
import { Told } from './told.ts';

/**
 * What a call may be told in a story; anything else is a defect, be it only in the words. A mode hangs where the kernel does: it can
 * end only when its call comes back.
 */
const EXPECTED = {
  add: /^(AbortError|TimeoutError|NotRunning|host\.(busy|namespace_gone|not_found|kernel)|gc\.cleanup_timed_out|attachments\.(conflict|draining|mode_hangs)|ipam\.(exhausted|address_in_use))$/,
  del: /^(AbortError|TimeoutError|host\.busy|attachments\.mode_hangs|gc\.(cleanup_timed_out|stopping))$/,
  check: /^(AbortError|TimeoutError|host\.(busy|namespace_gone)|attachments\.(not_found|mode_hangs)|network\.check_failed)$/,
  steal: /^(claims\.already_held|metadata\.closed)$/,
  gc: /^(AbortError|TimeoutError|host\.busy|attachments\.busy|gc\.stopping)$/,
};

type Call = keyof typeof EXPECTED;

/** Steps that change nothing yet, or that look for themselves. */
const UNSEEN: ReadonlySet<Step['kind']> = new Set(['crash', 'fail', 'settle']);

const forever = new AbortController().signal;

/** Carries out steps on a machine, and compares all along what callers are told with what is. */
export class Story {
  readonly told = new Told(PODS);
  readonly #machine: Machine;
  readonly #calls = new Set<Promise<unknown>>();
  readonly #surprises: unknown[] = [];
  #clients = new AbortController();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async take(step: Step): Promise<void> {
    await this.#carryOut(step);
    const agent = this.#machine.current;
    if (agent && !UNSEEN.has(step.kind)) expectSound(this.#machine, agent, this.told);
  }

  /** Waits for all calls, which also an agent's death ends; then what holds while nothing is under way is looked at. */
  async settle(): Promise<void> {
    await pump(this.#machine, Promise.allSettled(this.#calls));
    this.#calls.clear();
    expectIdle(this.#machine, await this.#machine.agent(), this.told);
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

  /** CHECK finds nothing wrong with what is attached, and finds it when it is damaged. */
  async audit(): Promise<void> {
    const { engine, host } = await this.#machine.agent();
    for (const pod of PODS) {
      const port = engine.get(idOf(pod))?.result?.interfaces[1]?.name;
      if (port === undefined) continue;
      const check = () => pump(this.#machine, engine.check(idOf(pod), { signal: forever, requestId: 'audit' }));
      await check();
      this.told.change(pod);
      await pump(this.#machine, host.own.deleteLink(port));
      await expect(check(), 'a check of what is damaged').rejects.toMatchObject({ code: 'network.check_failed' });
    }
  }

  async #carryOut(step: Step): Promise<void> {
    const { kernel, context, turns } = this.#machine;
    switch (step.kind) {
      case 'add':
        return this.#add(step.pod, step.ip);
      case 'del':
        return this.#del(step.pod);
      case 'check':
        return this.#check(step.pod);
      case 'gone':
        return this.#begin('gc', ({ engine }, options) => engine.reap({ network: 'net' }, options));
      case 'gc':
        for (const pod of PODS) if (!step.valid.includes(pod)) this.#leaveOpen(pod);
        return this.#begin('gc', ({ engine }, options) => engine.reap({ network: 'net', valid: step.valid.map(idOf) }, options));
      case 'collect':
        return this.#begin('gc', ({ gc }, options) => gc.run(options));
      case 'steal':
        return this.#begin('steal', (agent) => agent.steal());
      case 'hang_up':
        return this.#hangUp(step.at);
      case 'lose':
        this.#leaveOpen(step.pod);
        if (kernel.find(pathOf(step.pod)) !== undefined) kernel.destroyNamespace(pathOf(step.pod));
        return undefined;
      case 'swap':
        await this.#carryOut({ kind: 'lose', pod: step.pod });
        return kernel.createNamespace(pathOf(step.pod));
      case 'crash':
        return (await this.#machine.agent()).life.dieAfter(step.points);
      case 'fail':
        return void kernel.sim.inject({ operation: 'any_change', nth: step.nth, when: step.when, errno: 'EBUSY' });
      case 'tick':
        return context.clock.advance(step.ms);
      case 'turns':
        for (let turn = 0; turn < step.count; turn++) await turns.next();
        return undefined;
      case 'restart':
        return this.#machine.restart(async () => step.late === undefined || this.#add(step.late, undefined));
      case 'settle':
        return this.settle();
    }
  }

  async #add(pod: number, ip: number | undefined): Promise<void> {
    const { kernel, tenancy, range } = this.#machine;
    if (kernel.find(pathOf(pod)) === undefined) kernel.createNamespace(pathOf(pod));
    const asked = ip === undefined ? [] : [`10.88.0.${ip}`];
    for (const address of asked) tenancy.ask(containerOf(pod), address);
    const change = this.told.change(pod);
    await this.#begin('add', async (agent, options) => {
      try {
        const result = await agent.engine.attach(requestOf(pod, asked), options);
        if (change.former?.kind === 'absent') expect(options.signal.aborted, 'made for a client that has gone').toBe(false);
        if (change.former?.kind === 'attached' && change.isLatest())
          expect(result, 'the answer to an ADD again').toEqual(change.former.result);
        change.cameTo({ kind: 'attached', result });
      } catch (error) {
        if (error instanceof HawserError && error.code === 'ipam.exhausted') expect(agent.free(range), 'free addresses').toEqual([]);
        change.cameTo(change.former);
        throw error;
      }
    });
  }

  #del(pod: number): Promise<void> {
    const change = this.told.change(pod);
    return this.#begin('del', async ({ engine }, options) => {
      try {
        await engine.detach(idOf(pod), options);
        if (change.isLatest()) expect(interfaceOf(viewOf(this.#machine), pod)?.connected ?? false, 'reached after its DEL').toBe(false);
        change.cameTo({ kind: 'absent' });
      } catch (error) {
        if (change.former?.kind === 'absent') change.cameTo(change.former);
        throw error;
      }
    });
  }

  #check(pod: number): Promise<void> {
    const fact = this.told.of(pod);
    return this.#begin('check', async ({ engine }, options) => {
      try {
        await engine.check(idOf(pod), options);
        if (fact?.kind === 'absent') expect(this.told.of(pod), 'what was checked and is not there').not.toBe(fact);
      } catch (error) {
        const found = error instanceof HawserError && /^(network\.|attachments\.not_found)/.test(error.code);
        if (found && fact?.kind === 'attached') expect(this.told.of(pod), 'what was found wrong and is right').not.toBe(fact);
        throw error;
      }
    });
  }

  /** Nothing that was told holds any more, but what is not there is not made by that either. */
  #leaveOpen(pod: number): void {
    const { former, cameTo } = this.told.change(pod);
    if (former?.kind === 'absent') cameTo(former);
  }

  async #hangUp(at: string | undefined): Promise<void> {
    const clients = this.#clients;
    const go = () => clients.abort(new DOMException('the clients have gone', 'AbortError'));
    if (at === undefined) {
      this.#clients = new AbortController();
      return go();
    }
    const agent = await this.#machine.agent();
    agent.life.at(at, () => {
      if (this.#clients === clients) this.#clients = new AbortController();
      go();
    });
  }

  async #quiet(): Promise<void> {
    const { context } = this.#machine;
    for (let round = 0; round < 20; round++) {
      const agent = await this.#machine.agent();
      agent.life.calm();
      const busy = agent.engine.list().some(({ state }) => state !== 'attached') || agent.gc.status().condemned.length > 0;
      if (!busy) return;
      await context.clock.advance(30_000);
      await pump(this.#machine, agent.gc.run({ signal: forever }));
    }
  }

  async #begin(
    kind: Call,
    start: (agent: Agent, options: { readonly signal: AbortSignal; readonly requestId: string }) => Promise<unknown>,
  ): Promise<void> {
    const agent = await this.#machine.agent();
    const called = start(agent, { signal: this.#clients.signal, requestId: 'test' }).catch((error: unknown) => {
      if (!agent.life.isDead && !EXPECTED[kind].test(wordOf(error))) this.#surprises.push(error);
    });
    this.#calls.add(Promise.race([called, agent.life.died]));
    // Some of it happens before the next step.
    await this.#machine.turns.next();
  }
}

function wordOf(error: unknown): string {
  if (error instanceof HawserError) return error.code;
  return error instanceof Error ? error.name : String(error);
}
