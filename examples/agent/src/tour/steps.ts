import { hrtime } from 'node:process';
import { messageOf } from '@hawser/core';

/** How one step went. */
export interface StepOutcome {
  readonly title: string;
  readonly held: boolean;
  readonly detail: string;
  readonly durationMs: number;
}

/** Tells people about steps as they happen. */
export interface StepReporter {
  outcome(outcome: StepOutcome): void;
  progress<T>(text: string, work: () => Promise<T>): Promise<T>;
}

/** Carries out steps one after the other and remembers how they went. A step that fails does not end the tour. */
export class Steps {
  readonly #reporter: StepReporter;
  readonly #outcomes: StepOutcome[] = [];

  constructor(reporter: StepReporter) {
    this.#reporter = reporter;
  }

  get outcomes(): readonly StepOutcome[] {
    return this.#outcomes;
  }

  get allHeld(): boolean {
    return this.#outcomes.every((outcome) => outcome.held);
  }

  /** Runs a step; its result is the detail that is shown. Resolves with whether it held. */
  async step(title: string, work: () => Promise<string>): Promise<boolean> {
    const began = hrtime.bigint();
    const finish = (held: boolean, detail: string) => {
      const outcome = { title, held, detail, durationMs: Number(hrtime.bigint() - began) / 1e6 };
      this.#outcomes.push(outcome);
      this.#reporter.outcome(outcome);
      return held;
    };
    try {
      return finish(true, await this.#reporter.progress(title, work));
    } catch (error) {
      return finish(false, messageOf(error));
    }
  }
}
