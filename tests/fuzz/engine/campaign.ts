import { type Random, seededRandom } from '@hawser/core';
import * as fc from 'fast-check';
import { Coverage } from './coverage.ts';
import { largeInputs } from './large.ts';
import { minimise } from './minimise.ts';
import { type Material, mutate } from './mutate.ts';
import type { FuzzTarget, Subject } from './target.ts';

/** When a campaign ends by itself. */
export type Until = { readonly executions: number } | { readonly ms: number };

export interface CampaignOptions {
  readonly target: FuzzTarget;
  readonly subject: Subject;
  readonly seed: number;
  readonly until: Until;
  readonly corpus: readonly Buffer[];
  /** Inputs that run what no other has run are mutated further. It slows every execution. */
  readonly guided: boolean;
  /** Told of each input before it is tried. */
  readonly trying: (input: Buffer) => void;
  readonly progress: (executions: number, interesting: number) => void;
}

/** What a campaign has found out. */
export interface Findings {
  readonly executions: number;
  /** Inputs that ran what those before them did not, the corpus left out. */
  readonly found: readonly Buffer[];
  readonly failure?: { readonly input: Buffer; readonly error: string };
}

const BATCH = 64;
const GRAMMAR_POOL = 500;
const SLOW_MS = 1_000;

class Failure extends Error {
  readonly input: Buffer;

  constructor(input: Buffer, cause: unknown) {
    super('an execution failed', { cause });
    this.input = input;
  }
}

/** Tries the corpus, what is large, and then what grammar and mutations make of the seed, up to the first failure. */
export async function runCampaign(options: CampaignOptions): Promise<Findings> {
  const campaign = new Campaign(options);
  using coverage = options.guided ? await Coverage.start() : undefined;
  try {
    await campaign.run(coverage);
    return campaign.findings();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...campaign.findings(), failure: await campaign.smallest(error.input, error.cause) };
  }
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #interesting: Buffer[];
  readonly #material: Material;
  readonly #begun = performance.now();
  readonly #slowMs: number;
  #grammar: Buffer[] = [];
  #executions = 0;
  #told = 0;

  constructor(options: CampaignOptions) {
    const { target, seed, corpus } = options;
    this.#options = options;
    this.#random = seededRandom(seed);
    this.#interesting = [...corpus];
    this.#slowMs = target.slowMs ?? SLOW_MS;
    const pieces = (target.pieces ?? []).map((piece) => Buffer.from(piece));
    this.#material = { random: this.#random, pieces, others: this.#interesting, longest: target.longest ?? 4_096 };
  }

  async run(coverage: Coverage | undefined): Promise<void> {
    const { corpus, target } = this.#options;
    const few = 'executions' in this.#options.until;
    await this.#batch([Buffer.alloc(0), ...corpus]);
    // What the corpus runs is nothing new.
    coverage?.learn(await coverage.novelty());
    if (target.large !== false) await this.#batch(largeInputs(this.#material, corpus, few ? 4 : 24));
    coverage?.learn((await coverage.novelty()) ?? new Map());
    for (let left = this.#left(); left > 0; left = this.#left()) {
      const inputs = Array.from({ length: left }, () => this.#next());
      await this.#explore(inputs, coverage);
    }
  }

  findings(): Findings {
    return { executions: this.#executions, found: this.#interesting.slice(this.#options.corpus.length) };
  }

  async smallest(input: Buffer, error: unknown): Promise<{ readonly input: Buffer; readonly error: string }> {
    const wanted = signatureOf(error);
    let last = error;
    const small = await minimise(input, async (candidate) => {
      await new Promise(setImmediate);
      try {
        await this.#try(candidate);
        return false;
      } catch (failure) {
        const { cause } = failure instanceof Failure ? failure : { cause: failure };
        if (signatureOf(cause) !== wanted) return false;
        last = cause;
        return true;
      }
    });
    return { input: small, error: describe(last) };
  }

  /** Inputs of the next batch; none when it is over. */
  #left(): number {
    const { until } = this.#options;
    if ('executions' in until) return Math.min(BATCH, until.executions - this.#executions);
    return performance.now() - this.#begun < until.ms ? BATCH : 0;
  }

  #next(): Buffer {
    const kind = this.#random.integer(20);
    if (kind === 0) return Buffer.from(this.#random.bytes(this.#random.integer(64)));
    const fromGrammar = kind < 8 ? this.#fromGrammar() : undefined;
    if (fromGrammar !== undefined && kind < 5) return fromGrammar;
    const base = fromGrammar ?? this.#interesting[this.#random.integer(this.#interesting.length)];
    return mutate(base ?? Buffer.alloc(0), this.#material);
  }

  #fromGrammar(): Buffer | undefined {
    const { grammar } = this.#options.target;
    if (grammar === undefined) return undefined;
    if (this.#grammar.length === 0)
      this.#grammar = fc.sample(grammar, { seed: this.#random.integer(2 ** 31), numRuns: GRAMMAR_POOL }).map((input) => Buffer.from(input));
    return this.#grammar.pop();
  }

  async #batch(inputs: readonly Buffer[]): Promise<void> {
    for (const input of inputs) await this.#try(input);
    // So that what nobody waited for shows, and reports go out.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }

  /** Runs a batch; where it runs something new, finds out by halves whose doing that is. */
  async #explore(inputs: readonly Buffer[], coverage: Coverage | undefined): Promise<void> {
    await this.#batch(inputs);
    if (coverage === undefined) return;
    const novel = await coverage.novelty();
    if (novel.size === 0) return;
    if (inputs.length === 1) this.#interesting.push(...inputs);
    else {
      const middle = inputs.length >> 1;
      await this.#explore(inputs.slice(0, middle), coverage);
      await this.#explore(inputs.slice(middle), coverage);
    }
    // Also where the halves did not run it again: it may hang on what else there was.
    coverage.learn(novel);
  }

  async #try(input: Buffer): Promise<void> {
    this.#executions++;
    this.#options.trying(input);
    if (performance.now() - this.#told > 250) {
      this.#told = performance.now();
      this.#options.progress(this.#executions, this.#interesting.length);
    }
    try {
      const ms = await this.#timed(input);
      // Once more, since others may have kept the processor's caches busy.
      if (ms > this.#slowMs && (await this.#timed(input)) > this.#slowMs)
        throw new Error(`it takes ${Math.round(ms)} ms of processor time, of at most ${this.#slowMs}`);
    } catch (error) {
      throw new Failure(input, error);
    }
  }

  /** Milliseconds of processor time, which another process does not take away. */
  async #timed(input: Buffer): Promise<number> {
    const before = process.cpuUsage();
    await this.#options.subject.attempt(input);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }
}

/** What tells failures apart: kind, where it came from, and the message without what an input puts into it. */
function signatureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frame = /^\s+at .*?([\w.-]+\.ts:\d+)/m.exec(error.stack ?? '')?.[1] ?? '';
  return `${error.name} ${frame} ${error.message.replaceAll(/"[^"]*"|'[^']*'|\d+/g, '').slice(0, 40)}`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  // The message stands in the stack too, and may quote all of the input.
  return `${(error.stack ?? '').replace(error.message, shortened(error.message))}${cause}`;
}

const shortened = (text: string): string => (text.length <= 500 ? text : `${text.slice(0, 500)}… (${text.length} characters)`);
