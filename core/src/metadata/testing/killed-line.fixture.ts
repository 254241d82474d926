import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { checkStores } from '../../cli/check-stores.ts';
import type { Random } from '../../context/index.ts';
import { testContext } from '../../testing/context.ts';
import { startCore } from '../../testing/core.ts';
import { ModelPlayer } from '../../testing/model-player.ts';
import { drawnStep } from '../../testing/model-steps.fixture.ts';
import { type ModelContent, type ModelStep, StoreModel } from '../../testing/store-model.ts';
import { STORES } from '../store.ts';

/** What is done at once: transactions that may share a commit, or one collection, after time has passed. */
interface Turn {
  readonly waitMs: number;
  readonly steps: readonly { readonly namespace: string; readonly step: ModelStep }[];
}

/** What a process is to play. */
export interface Plan {
  /** When it begins, milliseconds since the epoch. */
  readonly now: number;
  /** Settings of the scheduler: collections that come by themselves would come before the model's. */
  readonly quiet: { readonly startupDelayMs: number; readonly scheduleDelayMs: number };
  readonly turns: readonly Turn[];
}

const CHILD = join(import.meta.dirname, 'player.fixture.ts');
const NAMESPACES = ['default', 'other'] as const;
const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const TURNS = 150;
const MOST_AT_ONCE = 4;
/** How long a process lives from when its stores are open; some die while they open them. */
const LONGEST_LIFE_MS = 80;
const OPENING_MS = 600;

type Models = Readonly<Record<(typeof NAMESPACES)[number], StoreModel>>;

const copyOf = ({ default: one, other }: Models): Models => ({ default: one.copy(), other: other.copy() });

/** One pair of stores, through the deaths of one process after the other, and what they must hold. */
export class KilledLine {
  readonly #folder: string;
  readonly #random: Random;
  readonly #cache: string;
  #models: Models = { default: new StoreModel(), other: new StoreModel() };
  #now = Date.UTC(2026, 0, 1);
  /** Turns that ended before a death, and deaths amid one. */
  readonly counted = { turns: 0, amid: 0, collecting: 0, opening: 0 };

  /** `cache` holds compiled code, so that processes start fast. */
  constructor(folder: string, random: Random, cache: string) {
    this.#folder = folder;
    this.#random = random;
    this.#cache = cache;
  }

  /** The stores with their namespaces, and nothing in them. */
  async prepare(): Promise<void> {
    await using core = await startCore({ context: testContext({ start: this.#now }), folder: this.#folder, gc: QUIET });
    await core.namespaces.create('other');
  }

  /** One process from its start to its death, and what it leaves behind. */
  async live(number: number): Promise<void> {
    const plan = this.#plan();
    const [planFile, diary] = [join(this.#folder, `${number}.plan`), join(this.#folder, `${number}.diary`)];
    await writeFile(planFile, JSON.stringify(plan));
    await this.#playUntilKilled([this.#folder, planFile, diary]);
    const told = existsSync(diary) ? readFileSync(diary, 'utf8').split('\n').slice(0, -1) : [];
    for (const [index, line] of told.entries()) this.#follow(plan.turns[index], line);
    const amid = plan.turns[told.length];
    this.counted.turns += told.length;
    const found = await checkStores({ root: join(this.#folder, 'root'), state: join(this.#folder, 'state') });
    expect(found.map(({ status, findings, damage }) => ({ status, findings, damage }))).toEqual(
      found.map(() => ({ status: 'sound', findings: [], damage: undefined })),
    );
    const before = JSON.stringify(contentOf((namespace) => this.#models[namespace].content()));
    await this.#lookAround(amid).catch((cause: unknown) => {
      throw new Error(`after death ${number}, amid ${JSON.stringify(amid)}, on ${before}`, { cause });
    });
  }

  #plan(): Plan {
    let now = this.#now;
    const begin = now;
    const draws = fc.sample(
      drawnStep(() => now),
      { seed: this.#random.integer(2 ** 31), numRuns: TURNS * 2 },
    );
    const turns: Turn[] = [];
    let together: Turn['steps'][number][] = [];
    const close = (): void => {
      if (together.length > 0) turns.push({ waitMs: 0, steps: together });
      together = [];
    };
    for (const draw of draws) {
      const step = draw();
      if (step.do === 'wait' || step.do === 'collect') {
        close();
        const waitMs = step.do === 'wait' ? step.ms : 0;
        now += waitMs;
        turns.push({ waitMs, steps: [{ namespace: 'default', step: { do: 'collect', at: now } }] });
        continue;
      }
      together.push({ namespace: NAMESPACES[this.#random.integer(3) === 0 ? 1 : 0], step });
      if (together.length > this.#random.integer(MOST_AT_ONCE)) close();
    }
    close();
    return { now: begin, quiet: QUIET, turns };
  }

  /** A turn that was told: it has come out as the model says. */
  #follow(turn: Turn | undefined, line: string): void {
    if (turn === undefined) throw new Error('more was told than there was to do');
    this.#now += turn.waitMs;
    expect({ turn, outcomes: JSON.parse(line) as unknown }).toEqual({ turn, outcomes: apply(this.#models, turn) });
  }

  /** What is there after a death amid a turn: of each store all up to some step. Of a collection, as much as it has come to. */
  async #lookAround(amid: Turn | undefined): Promise<void> {
    const collecting = amid?.steps.some(({ step }) => step.do === 'collect') === true;
    if (collecting) this.#now += amid.waitMs;
    await using core = await startCore({ context: testContext({ start: this.#now }), folder: this.#folder, gc: QUIET });
    using player = new ModelPlayer(core, () => this.#now);
    const content = contentOf((namespace) => player.content(namespace));
    if (collecting) {
      this.counted.collecting++;
      const before = contentOf((namespace) => this.#models[namespace].content());
      const after = copyOf(this.#models);
      apply(after, amid);
      const least = contentOf((namespace) => after[namespace].content());
      expect({ content, least, before, between: isBetween(content, least, before) }).toEqual({ content, least, before, between: true });
      return await this.#settle(player);
    }
    const candidates = outcomesOf(this.#models, amid?.steps ?? []);
    const contents = candidates.map((models) => contentOf((namespace) => models[namespace].content()));
    expect(contents).toContainEqual(content);
    const reached = contents.findLastIndex((one) => JSON.stringify(one) === JSON.stringify(content));
    if (reached > 0) this.counted.amid++;
    this.#models = candidates[reached] ?? this.#models;
  }

  /** A collection that was cut off is finished by the next one. */
  async #settle(player: ModelPlayer): Promise<void> {
    await player.play({ do: 'collect', at: this.#now });
    for (const namespace of NAMESPACES) {
      this.#models[namespace].apply({ do: 'collect', at: this.#now });
      expect(player.content(namespace)).toEqual(this.#models[namespace].content());
    }
  }

  async #playUntilKilled(args: readonly string[]): Promise<void> {
    const child = fork(CHILD, [...args], {
      execArgv: ['--conditions=hawser:source'],
      env: { ...process.env, NODE_COMPILE_CACHE: this.#cache },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    const kill = (ms: number) => setTimeout(() => child.kill('SIGKILL'), ms);
    if (this.#random.integer(8) === 0) {
      this.counted.opening++;
      kill(this.#random.integer(OPENING_MS));
    } else child.once('message', () => kill(this.#random.integer(LONGEST_LIFE_MS)));
    expect(await ended).toBe('SIGKILL');
  }
}

type Contents = Readonly<Record<(typeof NAMESPACES)[number], ModelContent>>;

const contentOf = (read: (namespace: (typeof NAMESPACES)[number]) => ModelContent): Contents => ({
  default: read('default'),
  other: read('other'),
});

/** A collection is of all namespaces. */
function apply(models: Models, { steps }: Turn): readonly string[] {
  return steps.map(({ namespace, step }) => {
    if (step.do !== 'collect') return models[namespace === 'other' ? 'other' : 'default'].apply(step);
    for (const name of NAMESPACES) models[name].apply(step);
    return 'done';
  });
}

/**
 * What a death can leave of what was asked for at once: each store has carried out all up to some step, and neither waits for
 * the other. The last is all of it.
 */
function outcomesOf(models: Models, steps: Turn['steps']): readonly Models[] {
  const counts = STORES.map((store) => steps.filter(({ step }) => 'store' in step && step.store === store).length);
  const [ofRoot = 0, ofState = 0] = counts;
  const outcomes: Models[] = [];
  for (let root = 0; root <= ofRoot; root++) {
    for (let state = 0; state <= ofState; state++) {
      const left = { root, state };
      const outcome = copyOf(models);
      for (const { namespace, step } of steps)
        if ('store' in step && left[step.store]-- > 0) outcome[namespace === 'other' ? 'other' : 'default'].apply(step);
      outcomes.push(outcome);
    }
  }
  return outcomes;
}

/** Whether it has everything of the one, and nothing that the other has not. */
function isBetween(content: Contents, least: Contents, most: Contents): boolean {
  const within = (some: object, others: object): boolean => Object.keys(some).every((name) => Object.hasOwn(others, name));
  return NAMESPACES.every((namespace) =>
    (['snapshots', 'leases'] as const).every(
      (kind) => within(least[namespace][kind], content[namespace][kind]) && within(content[namespace][kind], most[namespace][kind]),
    ),
  );
}
