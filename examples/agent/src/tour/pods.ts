import type { JsonObject, JsonValue } from '@hawser/core';
import type { Host } from '@hawser/core/network';
import * as z from 'zod';
import { callExecutable } from './executable.ts';
import { bareAddress, cniConfig } from './network.ts';

/** A pod of the tour: a namespace, and what the executable answered for it. */
export interface TourPod {
  readonly name: string;
  readonly containerId: string;
  readonly netns: string;
  result: JsonObject;
  addresses: readonly string[];
}

/** What a container runtime does, with the executable and namespaces of the tour. */
export class TourRuntime {
  /** Asked anew at each call: the agent whose host it is may have been restarted. */
  readonly #host: () => Host;
  readonly #executable: string;
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(host: () => Host, executable: string, folder: string, signal: AbortSignal) {
    this.#host = host;
    this.#executable = executable;
    this.#folder = folder;
    this.#signal = signal;
  }

  /** The same runtime with another end. */
  until(signal: AbortSignal): TourRuntime {
    return new TourRuntime(this.#host, this.#executable, this.#folder, signal);
  }

  /** A pod's namespace, not attached yet. */
  async make(name: string): Promise<TourPod> {
    const netns = `${this.#folder}/ns/${name}`;
    await this.#host().createNamespace(netns);
    return { name, containerId: `tour-${name}`, netns, result: {}, addresses: [] };
  }

  async attach(pod: TourPod): Promise<void> {
    pod.result = await this.#call('ADD', pod);
    pod.addresses = addressesOf(pod.result['ips']);
  }

  async check(pod: TourPod): Promise<void> {
    await this.#call('CHECK', pod, { prevResult: pod.result });
  }

  async stop(pod: TourPod): Promise<void> {
    await this.#call('DEL', pod, { prevResult: pod.result });
    await this.#host().deleteNamespace(pod.netns);
  }

  /** The namespace goes and nobody says so, as when a runtime is killed. */
  async lose(pod: TourPod): Promise<void> {
    await this.#host().deleteNamespace(pod.netns);
  }

  /** Tells the plugin which pods there still are. */
  async collect(valid: readonly TourPod[]): Promise<void> {
    const attachments = valid.map(({ containerId }) => ({ containerID: containerId, ifname: 'eth0' }));
    await callExecutable(
      this.#executable,
      { command: 'GC', config: { ...cniConfig(this.#folder), 'cni.dev/valid-attachments': attachments } },
      this.#signal,
    );
  }

  /** One echo to each address, from inside the pod; resolves with the round trips in milliseconds. */
  async ping(from: TourPod, addresses: readonly string[]): Promise<readonly number[]> {
    using namespace = await this.#host().openNamespace(from.netns);
    const trips: number[] = [];
    for (const address of addresses) {
      const { rttMs } = await namespace.ping(address, { timeoutMs: 3_000, signal: this.#signal });
      trips.push(rttMs);
    }
    return trips;
  }

  #call(command: 'ADD' | 'DEL' | 'CHECK', pod: TourPod, extra: JsonObject = {}): Promise<JsonObject> {
    return callExecutable(
      this.#executable,
      { command, containerId: pod.containerId, netns: pod.netns, config: { ...cniConfig(this.#folder), ...extra } },
      this.#signal,
    );
  }
}

const Addresses = z.array(z.object({ address: z.string() }));

const addressesOf = (ips: JsonValue | undefined): readonly string[] => Addresses.parse(ips).map(({ address }) => bareAddress(address));
