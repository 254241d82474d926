import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnyPlugin, deadlineSignal, loadConfig, renderBootTree, systemContext } from '@hawser/core';
import { type Agent, startAgent } from '@hawser/core/agent';
import { Host } from '@hawser/core/contracts';
import type { Logger } from 'pino';
import { makeWorld, tourConfig } from './network.ts';
import { inFolders, openTourFolder } from './own-folder.ts';
import type { Place } from './place.ts';
import { type TourPod, TourRuntime } from './pods.ts';
import { service } from './service.ts';
import { Steps, type StepReporter } from './steps.ts';
import { attachAndPing, crashAndRecover, detachAll, installExecutable, loseOne, whatHappened } from './visit.ts';

export interface TourOptions {
  readonly plugins: readonly AnyPlugin[];
  readonly version: string;
  readonly place: Place;
  readonly log: Logger;
  readonly reporter: StepReporter & { note(text: string): void };
  /** Ends the tour early. */
  readonly signal: AbortSignal;
  /** What happens between the last step and the farewell: nothing, or serving until the signal. */
  readonly pause: (agent: Agent) => Promise<void>;
}

/** How long all of the tour's own calls together may take, serving excluded. */
const TOUR_DEADLINE_MS = 60_000;

/**
 * Boots the reference agent in a folder of its own, shows what it does, and leaves nothing behind. Resolves with whether every
 * step held.
 */
export async function takeTour(options: TourOptions): Promise<boolean> {
  await using folder = await inFolders(openTourFolder);
  const tour = new Tour(options, folder.path);
  await inFolders(async () => {
    await mkdir(join(folder.path, 'ns'));
    await writeFile(tour.configFile, tourConfig(folder.path, options.place === 'simulated' ? 'simulated' : 'linux'));
  });
  if (await tour.boot('the agent boots on an embedded store')) await tour.visit();
  return tour.steps.allHeld;
}

/** One tour: its folder, its steps, and the agent that serves at the moment. */
export class Tour {
  readonly folder: string;
  readonly steps: Steps;
  readonly pods: TourPod[] = [];
  readonly configFile: string;
  readonly #options: TourOptions;
  #agent: Agent | undefined;

  constructor(options: TourOptions, folder: string) {
    this.#options = options;
    this.folder = folder;
    this.configFile = join(folder, 'config.toml');
    this.steps = new Steps(options.reporter);
  }

  get agent(): Agent {
    if (!this.#agent) throw new Error('the agent does not run');
    return this.#agent;
  }

  get host(): Host {
    return service(this.agent, Host);
  }

  /** The model of a kernel lives in the agent's process; a real one outlives it. */
  get kernelOutlivesAgent(): boolean {
    return this.#options.place !== 'simulated';
  }

  async boot(title: string): Promise<boolean> {
    const { plugins, version, log, signal, reporter } = this.#options;
    const first = this.steps.outcomes.length === 0;
    // An interruption ends the tour, which takes an agent to clean up with.
    using again = deadlineSignal(systemContext.clock, TOUR_DEADLINE_MS, 'booting again');
    const held = await this.steps.step(title, async () => {
      const config = await loadConfig({ file: this.configFile, plugins, missingOk: false });
      this.#agent = await startAgent({
        name: 'hawser',
        version,
        config,
        context: systemContext,
        log,
        signal: first ? signal : again.signal,
      });
      return `ready in ${Math.round(this.agent.bootMs)} ms`;
    });
    if (held && first) reporter.note(`\n${renderBootTree(this.agent.reports(), this.agent.bootMs)}`);
    return held;
  }

  async stop(): Promise<string> {
    const agent = this.agent;
    this.#agent = undefined;
    const report = await agent.stop('the tour goes on without it');
    const [first] = report.errors;
    if (first) throw first.error;
    return `in ${Math.round(report.durationMs)} ms`;
  }

  async visit(): Promise<void> {
    const { signal, pause, reporter } = this.#options;
    using calls = deadlineSignal(systemContext.clock, TOUR_DEADLINE_MS, 'the tour', signal);
    const executable = await installExecutable(this);
    const world = `${this.folder}/ns/world`;
    await makeWorld(this.host, world);
    const runtime = new TourRuntime(() => this.host, executable, this.folder, calls.signal);
    try {
      await attachAndPing(this, runtime);
      if (!signal.aborted) await loseOne(this, runtime, calls.signal);
      if (!signal.aborted && this.kernelOutlivesAgent) await crashAndRecover(this, runtime, calls.signal);
      if (!signal.aborted) reporter.note(whatHappened(this));
      if (!signal.aborted) await pause(this.agent);
      using farewell = deadlineSignal(systemContext.clock, TOUR_DEADLINE_MS, 'the end of the tour');
      await detachAll(this, runtime.until(farewell.signal), farewell.signal);
    } finally {
      // Also that of a pod whose step was interrupted.
      const there = (await readdir(join(this.folder, 'ns'))).map((name) => join(this.folder, 'ns', name));
      for (const path of new Set([...this.pods.map(({ netns }) => netns), world, ...there]))
        await this.host.deleteNamespace(path).catch(() => {});
      await this.steps.step('the agent stops and leaves nothing behind', () => this.stop());
    }
  }
}
