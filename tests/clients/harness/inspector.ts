import { once } from 'node:events';
import * as z from 'zod';
import { eventually } from './poll.ts';

/** Where Node.js listens that SIGUSR1 has told to. */
const LIST = 'http://127.0.0.1:9229/json/list';

const Targets = z.tuple([z.object({ webSocketDebuggerUrl: z.string() })]);
const Usage = z.object({ result: z.object({ usedSize: z.number() }) });

/** The V8 of another process, from outside. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Of a process that runs on Node.js; it listens to nobody else then. */
  static async open(pid: number): Promise<Inspector> {
    process.kill(pid, 'SIGUSR1');
    const [target] = await eventually('the inspector listens', async () => Targets.parse(await (await fetch(LIST)).json()));
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Bytes in V8's heap that are in use when all garbage is collected. */
  async liveBytes(): Promise<number> {
    await this.#call('HeapProfiler.collectGarbage');
    return Usage.parse(await this.#call('Runtime.getHeapUsage')).result.usedSize;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #call(method: string): Promise<unknown> {
    this.#socket.send(JSON.stringify({ id: ++this.#calls, method }));
    const [message] = await once(this.#socket, 'message');
    return JSON.parse(z.object({ data: z.string() }).parse(message).data);
  }
}
