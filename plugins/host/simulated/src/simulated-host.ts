import { type Host, type HostFeature, hostErrors, type Namespace } from '@hawser/core/network';
import { setUp } from './model/links.ts';
import type { Net } from './model/state.ts';
import type { Operation } from './operations.ts';
import { Retirement } from './retirement.ts';
import type { SimulatedKernel } from './simulated-kernel.ts';
import { type Agent, SimulatedNamespace } from './simulated-namespace.ts';

/** An agent's view of a simulated kernel. Disposing closes its handles, as the end of its process would. */
export interface SimulatedHost extends Host, Disposable {
  readonly kind: 'simulated';
  /**
   * The agent dies here: its handles close, calls that have not taken effect never do, and none of its promises
   * settles any more, so that nothing after them runs.
   */
  sever(): void;
}

/** Opens a kernel for an agent; again for the agent's next life. */
export function openSimulatedHost(kernel: SimulatedKernel): SimulatedHost {
  return new KernelHost(kernel);
}

class KernelHost implements SimulatedHost {
  readonly kind = 'simulated';
  readonly own: Namespace;
  private readonly kernel: SimulatedKernel;
  private readonly agent: Agent;
  private readonly handles = new Set<SimulatedNamespace>();
  private readonly life = new AbortController();
  private readonly reboot: Disposable;
  private closed = false;

  constructor(kernel: SimulatedKernel) {
    this.kernel = kernel;
    const call: Agent['call'] = (operation, effect) => this.call(operation, effect);
    this.agent = { kernel, call, life: this.life.signal, retirement: new Retirement(kernel, call) };
    this.own = new SimulatedNamespace(kernel.own, undefined, this.agent, () => {});
    this.reboot = kernel.onReboot(() => this.sever());
  }

  supports(feature: HostFeature): boolean {
    return this.missing(feature) === undefined;
  }

  missing(feature: HostFeature): string | undefined {
    return this.kernel.missing[feature];
  }

  openNamespace(path: string): Promise<Namespace> {
    return this.call('openNamespace', () => this.open(this.kernel.at(path), path));
  }

  createNamespace(path: string): Promise<void> {
    return this.call('createNamespace', () => {
      const net = this.kernel.bind(path);
      const lo = this.kernel.lo(net);
      if (lo !== undefined) setUp(lo, this.kernel.surroundings);
      this.kernel.notifications.publish();
    });
  }

  deleteNamespace(path: string): Promise<void> {
    return this.call('deleteNamespace', () => this.kernel.destroyNamespace(path));
  }

  sever(): void {
    if (this.life.signal.aborted) return;
    this.life.abort(new Error('this agent has died'));
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.reboot[Symbol.dispose]();
    for (const handle of [...this.handles]) handle[Symbol.dispose]();
  }

  private open(net: Net, path: string): Namespace {
    const handle = new SimulatedNamespace(net, path, this.agent, (closed) => void this.handles.delete(closed));
    this.handles.add(handle);
    return handle;
  }

  private async call<T>(operation: Operation, effect: () => T): Promise<T> {
    const { signal } = this.life;
    if (signal.aborted) return never();
    if (this.closed) throw hostErrors.namespaceGone('this host is closed');
    try {
      const result = await this.kernel.sim.run(operation, signal, effect);
      return signal.aborted ? await never() : result;
    } catch (error) {
      if (signal.aborted) return never();
      throw error;
    }
  }
}

/** What a dead process's calls come to. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}
