/**
 * So many wait for nobody else: what each does first holds the event loop, some tenths of a millisecond. They may be more
 * when they begin, those that came in the same turn.
 */
const ENOUGH = 16;
/** Turns of the event loop that a call waits at most, for clients that connect and say nothing. */
const MAX_TURNS = 32;

/**
 * Lets the calls of a burst begin in one turn of the event loop, so that what they write goes into one commit and what they
 * ask of the kernel goes out at once. The event loop takes one connection a turn, and fifty pods would else be fifty commits.
 * A call that is alone begins in the turn that it came in.
 */
export class Arrivals {
  /** Connections whose request is not there yet. */
  #expected = 0;
  /** Whether somebody came in this turn. */
  #came = false;
  #turns = 0;
  #waiting: (() => void)[] = [];

  /** Tells that a client has connected; what is returned, that its request is there or will not come. */
  expect(): () => void {
    let expected = true;
    this.#expected++;
    this.#came = true;
    return () => {
      if (expected) this.#expected--;
      expected = false;
    };
  }

  /** Resolves when nobody else is on the way, in some tens of turns at most. */
  together(): Promise<void> {
    this.#came = true;
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#look());
    });
  }

  #look(): void {
    const more = this.#expected > 0 && this.#came && this.#waiting.length < ENOUGH && ++this.#turns < MAX_TURNS;
    this.#came = false;
    if (more) {
      setImmediate(() => this.#look());
      return;
    }
    const begin = this.#waiting;
    this.#waiting = [];
    this.#turns = 0;
    for (const resolve of begin) resolve();
  }
}
