import { type Context, defineErrors } from '@hawser/core';
import type { Host, HostFeature, Namespace, NamespaceId } from '@hawser/core/network';
import { Exchanges } from './exchanges.ts';
import { type Missing, detectMissing } from './features.ts';
import { type Libc, loadLibc } from './libc.ts';
import { createNamespaceFile, deleteNamespaceFile } from './namespace-files.ts';
import { LinuxNamespace } from './namespace.ts';
import { Netns } from './netns.ts';
import { findExecutable } from './nft/process.ts';
import { type Kernel, OpenNetns } from './open-netns.ts';
import { type LinuxSettings, defaultSettings } from './settings.ts';

export const linuxHostErrors = defineErrors('linux', {
  unavailable: { kind: 'FailedPrecondition', remedy: 'Run on Linux as root, or use the simulated host.' },
});

export interface LinuxHostOptions {
  readonly context: Context;
  /** Those that are left out have their defaults. */
  readonly settings?: Partial<LinuxSettings>;
}

/** The real kernel. Disposing of it waits until retired links are deleted, and closes what it has open. */
export class LinuxHost implements Host, AsyncDisposable {
  readonly kind = 'linux';
  readonly own: Namespace;
  /** Deletions of links that an earlier process had retired; settled like `retireLink`'s. */
  readonly leftovers: readonly Promise<void>[];
  readonly #kernel: Kernel;
  readonly #home: Netns;
  readonly #ownShared: OpenNetns;
  readonly #missing: Missing;
  /** Every namespace that is open, by its identity. */
  readonly #open = new Map<string, OpenNetns>();

  constructor(libc: Libc, { context, settings: chosen }: LinuxHostOptions) {
    const settings = { ...defaultSettings, ...chosen };
    const nft = findExecutable(settings.nftPath);
    this.#kernel = { libc, context, settings, exchanges: new Exchanges(), nft: nft ?? settings.nftPath };
    using opened = new DisposableStack();
    this.#home = opened.use(Netns.own(libc));
    this.#ownShared = this.#share(Netns.own(libc));
    opened.defer(() => this.#ownShared.release());
    this.own = new LinuxNamespace(this.#kernel, this.#ownShared);
    this.#missing = detectMissing({ libc, socket: this.#ownShared.socket, receiveTimeoutMs: settings.receiveTimeoutMs, nft });
    this.leftovers = this.#ownShared.retirement.sweep();
    opened.move();
  }

  supports(feature: HostFeature): boolean {
    return !this.#missing.has(feature);
  }

  missing(feature: HostFeature): string | undefined {
    return this.#missing.get(feature);
  }

  async openNamespace(path: string): Promise<Namespace> {
    const known = this.#open.get(keyOf(Netns.identify(path, this.#home)));
    if (known !== undefined) return this.#again(known, path);
    const netns = Netns.open(this.#kernel.libc, path, this.#home);
    // Another one, which is open, may be at the path by now.
    const other = this.#open.get(keyOf(netns.id));
    if (other === undefined) return new LinuxNamespace(this.#kernel, this.#share(netns), path);
    netns[Symbol.dispose]();
    return this.#again(other, path);
  }

  async createNamespace(path: string): Promise<void> {
    createNamespaceFile(this.#kernel.libc, this.#home, path, this.#kernel.settings.receiveTimeoutMs);
  }

  async deleteNamespace(path: string): Promise<void> {
    deleteNamespaceFile(this.#kernel.libc, this.#home, path);
  }

  /** Reads what an earlier process has made in this namespace, for `restoreMasquerades`. */
  async learnMasquerades(): Promise<void> {
    if (this.supports('nftables')) await this.#ownShared.masquerading.learn();
  }

  /** Puts masquerading back that others have flushed, in every namespace that is open; whether they have. */
  async restoreMasquerades(): Promise<boolean> {
    const restored = await Promise.all([...this.#open.values()].map((shared) => shared.restoreMasquerades()));
    return restored.includes(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map((shared) => shared.idle()));
    this.own[Symbol.dispose]();
    this.#home[Symbol.dispose]();
  }

  #again(shared: OpenNetns, path: string): Namespace {
    shared.retain();
    return new LinuxNamespace(this.#kernel, shared, path);
  }

  #share(netns: Netns): OpenNetns {
    try {
      const shared = new OpenNetns(this.#kernel, netns, () => this.#open.delete(keyOf(netns.id)));
      this.#open.set(keyOf(netns.id), shared);
      return shared;
    } catch (error) {
      netns[Symbol.dispose]();
      throw error;
    }
  }
}

const keyOf = ({ device, inode }: NamespaceId): string => `${device}:${inode}`;

/**
 * Opens the kernel of this machine, in the namespace that the JavaScript thread is in. Throws `linux.unavailable`
 * with the reason where that can't be.
 */
export async function openLinuxHost(options: LinuxHostOptions): Promise<LinuxHost> {
  if (process.platform !== 'linux') throw linuxHostErrors.unavailable(`this is ${process.platform}, not Linux`);
  return new LinuxHost(await libcOrReason(), options);
}

async function libcOrReason(): Promise<Libc> {
  try {
    return await loadLibc();
  } catch (cause) {
    throw linuxHostErrors.unavailable('libc can not be called on this machine', { cause, remedy: 'Use the simulated host here.' });
  }
}
