import { type AsyncHook, createHook, executionAsyncId } from 'node:async_hooks';
import { nearestFrame, nodeFrames, type Origin, ownFrame, stackHere } from './origin.ts';

/** What of a resource is looked at beside its type. */
interface Resource {
  /** A timer's; null where it comes once. */
  readonly _repeat?: number | null;
  readonly pid?: number;
  hasRef?(): boolean;
}

interface Live {
  readonly type: string;
  readonly resource: Resource;
  readonly origin: Origin;
  /**
   * `own`: the plugin's own code stood in the stack when it was made. `inherited`: what that had made before made it.
   * `foreign`: no plugin's code is known to stand behind it.
   */
  readonly by: 'own' | 'inherited' | 'foreign';
}

/** Kinds of resource that stay until somebody ends them, in words. */
const KINDS: Readonly<Record<string, (resource: Resource) => string>> = {
  Timeout: ({ _repeat }) => (typeof _repeat === 'number' ? 'a timer that repeats' : 'a timer'),
  Immediate: () => 'an immediate that comes again and again',
  TCPSERVERWRAP: () => 'a socket that listens',
  PIPESERVERWRAP: () => 'a unix socket that listens',
  TCPWRAP: () => 'a socket',
  PIPEWRAP: () => 'a unix socket or pipe',
  UDPWRAP: () => 'a UDP socket',
  PROCESSWRAP: ({ pid }) => `a child process${pid === undefined ? '' : ` (${pid})`}`,
  WORKER: () => 'a worker thread',
  MESSAGEPORT: () => 'a message port',
  FSEVENTWRAP: () => 'a watch on a file',
  STATWATCHER: () => 'a watch on a file',
};

/** Made by Node for something that is told of itself, or that ends by itself and keeps nothing: type → what its maker is. */
const PARTS: Readonly<Record<string, RegExp>> = {
  PIPEWRAP: /node:internal\/child_process\b/,
  MESSAGEPORT: /node:internal\/worker:/,
  Timeout: /node:internal\/abort_controller\b/,
};

/** Sees who makes timers, sockets, processes and threads, from its construction to its disposal. */
export class ResourceWatch implements Disposable {
  readonly #live = new Map<number, Live>();
  /** Whose doing an asynchronous step is, by its id. */
  readonly #origins = new Map<number, Origin>();
  readonly #hook: AsyncHook;
  #isQuiet = false;

  constructor() {
    this.#hook = createHook({
      init: (id, type, _trigger, resource) => this.#made(id, type, resource),
      destroy: (id) => void this.#live.delete(id),
    }).enable();
  }

  /** Waits without being seen. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#isQuiet = true;
      setTimeout(resolve, ms);
      this.#isQuiet = false;
    });
  }

  /** Whose doing it is that is going on right now. */
  originHere(): Origin | undefined {
    return ownFrame(stackHere()) ?? this.#origins.get(executionAsyncId());
  }

  /** What is there still, one sentence each. */
  left(): readonly string[] {
    return [...this.#live.values()].filter(isLeft).map(({ type, resource, origin }) => `${wordsFor(type, resource)}, made by ${origin}`);
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }

  #made(id: number, type: string, resource: object): void {
    if (this.#isQuiet) return;
    const stack = stackHere();
    const own = ownFrame(stack);
    const known = own ?? this.#origins.get(executionAsyncId());
    if (known !== undefined) this.#origins.set(id, known);
    if (!(type in KINDS) || PARTS[type]?.test(nodeFrames(stack)) === true) return;
    const origin = known ?? nearestFrame(stack);
    if (origin === undefined) return;
    this.#live.set(id, { type, resource, origin, by: own !== undefined ? 'own' : known !== undefined ? 'inherited' : 'foreign' });
  }
}

/** What a library keeps for itself and doesn't keep the process alive with is its own affair. */
function isLeft({ type, resource, by }: Live): boolean {
  if (by === 'own') return true;
  if (by === 'foreign') return resource.hasRef?.() === true;
  return !['Timeout', 'Immediate'].includes(type) || resource.hasRef?.() !== false;
}

const wordsFor = (type: string, resource: Resource): string => KINDS[type]?.(resource) ?? type;
