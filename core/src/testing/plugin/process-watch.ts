import { isByLibrary, type Origin, ownFrame, stackHere } from './origin.ts';

/** Libraries that write late look at these once for the whole process. */
const LAST_CALLS: ReadonlySet<string | symbol> = new Set(['exit', 'beforeExit']);

type Listener = (...parameters: never[]) => unknown;

/** Sees what is changed about the process itself: its listeners, its environment, its folder. */
export class ProcessWatch implements Disposable {
  readonly #env = { ...process.env };
  readonly #folder = process.cwd();
  readonly #added = new Map<Listener, { readonly name: string; readonly origin: Origin }>();

  constructor() {
    process.on('newListener', this.#heard);
  }

  /** What differs still, one sentence each. */
  left(): readonly string[] {
    const listeners = [...this.#added]
      .filter(([listener, { name }]) => process.listeners(name as NodeJS.Signals).some((one) => one === listener))
      .map(([, { name, origin }]) => `a listener for '${name}' on process, added by ${origin}`);
    const names = new Set([...Object.keys(process.env), ...Object.keys(this.#env)]);
    const variables = [...names]
      .filter((name) => process.env[name] !== this.#env[name])
      .map((name) => `the environment variable ${name}, which is not what it was`);
    const folder = process.cwd() === this.#folder ? [] : [`the working folder ${process.cwd()}, which was ${this.#folder}`];
    return [...listeners, ...variables, ...folder];
  }

  [Symbol.dispose](): void {
    process.off('newListener', this.#heard);
  }

  readonly #heard = (name: string | symbol, listener: Listener): void => {
    const stack = stackHere();
    const origin = ownFrame(stack);
    if (LAST_CALLS.has(name) && isByLibrary(stack)) return;
    if (origin !== undefined) this.#added.set(listener, { name: String(name), origin });
  };
}
