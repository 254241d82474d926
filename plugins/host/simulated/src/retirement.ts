import { removeDevice } from './model/links.ts';
import type { Device } from './model/state.ts';
import type { Operation } from './operations.ts';
import type { SimulatedKernel } from './simulated-kernel.ts';

/** Links that carry nothing any more and wait to be deleted: those that gather meanwhile go in one call. */
export class Retirement {
  private waiting = new Set<Device>();
  private running: Promise<void> | undefined;
  private readonly kernel: SimulatedKernel;
  private readonly call: <T>(operation: Operation, effect: () => T) => Promise<T>;

  constructor(kernel: SimulatedKernel, call: <T>(operation: Operation, effect: () => T) => Promise<T>) {
    this.kernel = kernel;
    this.call = call;
  }

  /** Resolves when the link is gone, by whosever hand; rejects when its deletion failed. */
  add(device: Device): Promise<void> {
    this.waiting.add(device);
    const settled = this.next();
    // Whoever does not wait for it must not end the process with it.
    settled.catch(() => {});
    return settled;
  }

  /** One deletion runs at a time; the one after it takes all that wait by then. */
  private next(): Promise<void> {
    if (this.running !== undefined) return this.running;
    const running = Promise.resolve().then(() => {
      this.running = undefined;
      return this.deleteWaiting();
    });
    this.running = running;
    return running;
  }

  private deleteWaiting(): Promise<void> {
    const batch = this.waiting;
    this.waiting = new Set();
    return this.call('settleRetired', () => {
      for (const device of batch) if (device.net.devices.get(device.index) === device) removeDevice(device, this.kernel.surroundings);
      this.kernel.notifications.publish();
    });
  }
}
