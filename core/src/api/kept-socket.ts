import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, makeFolders } from '../context/index.ts';
import { type ClaimedSocket, claimSocket, type SocketPlace } from './socket.ts';

export interface KeptSocketOptions extends SocketPlace {
  readonly clock: Clock;
  readonly log: Logger;
  /** Connections that may be open. */
  readonly maxConnections: number;
  /** Takes a connection that came by a socket which had to be made anew. */
  accept(connection: Socket): void;
}

/** How often it is looked whether the socket is still there. */
const LOOK_MS = 5_000;
/** Of its folder, where somebody has taken that away too. */
const FOLDER_MODE = 0o711;

/** Claims a socket, and claims it anew where somebody takes it away: nobody finds the agent without it. */
export async function keepSocket(options: KeptSocketOptions, listen: (privatePath: string) => Promise<void>): Promise<AsyncDisposable> {
  const kept = new KeptSocket(options, await claimSocket(options, listen));
  kept.watch();
  return kept;
}

class KeptSocket implements AsyncDisposable {
  readonly #options: KeptSocketOptions;
  readonly #servers: Server[] = [];
  #claimed: ClaimedSocket;
  #timer: Disposable | undefined;
  #look: Promise<void> = Promise.resolve();
  #closed = false;
  #failed = false;

  constructor(options: KeptSocketOptions, claimed: ClaimedSocket) {
    this.#options = options;
    this.#claimed = claimed;
  }

  watch(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.timer(LOOK_MS, () => {
      this.#look = this.#repair().finally(() => this.watch());
    });
  }

  /** Stops accepting; who is connected stays so. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#look;
    await this.#claimed[Symbol.asyncDispose]();
    for (const server of this.#servers) server.close();
  }

  async #repair(): Promise<void> {
    const { path, log } = this.#options;
    if (await this.#claimed.isThere()) return;
    try {
      await makeFolders(dirname(path), FOLDER_MODE);
      this.#claimed = await claimSocket(this.#options, (privatePath) => this.#listen(privatePath));
      this.#failed = false;
      log.error({ socket: path }, "the agent's socket was taken away; it is there again");
    } catch (error) {
      if (!this.#failed) log.error({ err: error, socket: path }, "the agent's socket was taken away; it is tried again to make it");
      this.#failed = true;
    }
  }

  async #listen(privatePath: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const server = createServer((connection) => this.#options.accept(connection));
    server.maxConnections = this.#options.maxConnections;
    server.once('error', reject);
    server.listen(privatePath, resolve);
    await promise;
    for (const former of this.#servers.splice(0)) former.close();
    this.#servers.push(server);
  }
}
