import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type Origin, ownFrame, stackHere } from './origin.ts';

const DESCRIPTORS = '/proc/self/fd';

/** What the runtime opens for itself; the pipes and sockets of handles are told of as such. */
const NOT_OURS = /^(anon_inode:|pipe:|\/dev\/(pts\/|null|urandom|random))/;

/** Sees which file descriptors are opened, and by whom where it is by `node:fs`. Sees nothing where there is no /proc. */
export class FileWatch implements Disposable {
  readonly #before = descriptors();
  readonly #origins = new Map<number, Origin>();
  readonly #real = { open: fs.open, openSync: fs.openSync, promised: fs.promises.open };

  constructor() {
    const { open, openSync, promised } = this.#real;
    const note = (descriptor: number, origin: Origin | undefined): void => {
      if (origin !== undefined) this.#origins.set(descriptor, origin);
      else this.#origins.delete(descriptor);
    };
    fs.openSync = (...parameters) => {
      const descriptor = openSync(...parameters);
      note(descriptor, ownFrame(stackHere()));
      return descriptor;
    };
    fs.promises.open = async (...parameters) => {
      const origin = ownFrame(stackHere());
      const handle = await promised(...parameters);
      note(handle.fd, origin);
      return handle;
    };
    const noted = (...parameters: unknown[]): unknown => {
      const origin = ownFrame(stackHere());
      const answer = parameters.pop();
      return Reflect.apply(open, fs, [
        ...parameters,
        (error: unknown, descriptor: number) => {
          if (error === null) note(descriptor, origin);
          if (typeof answer === 'function') Reflect.apply(answer, undefined, [error, descriptor]);
        },
      ]);
    };
    Object.defineProperty(fs, 'open', { value: Object.assign(noted, open), configurable: true, writable: true, enumerable: true });
    syncBuiltinESMExports();
  }

  /** What is open still, one sentence each. `sockets`: those too that no handle is known for. */
  left(sockets: boolean): readonly string[] {
    return [...descriptors()]
      .filter(([descriptor, target]) => this.#before.get(descriptor) !== target && !NOT_OURS.test(target))
      .filter(([, target]) => sockets || !target.startsWith('socket:'))
      .map(([descriptor, target]) => {
        const origin = this.#origins.get(descriptor);
        return `the file descriptor ${descriptor} (${target})${origin === undefined ? '' : `, opened by ${origin}`}`;
      });
  }

  [Symbol.dispose](): void {
    const { open, openSync, promised } = this.#real;
    Object.assign(fs, { open, openSync });
    fs.promises.open = promised;
    syncBuiltinESMExports();
  }
}

/** Open descriptors with what they lead to. */
function descriptors(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  if (!fs.existsSync(DESCRIPTORS)) return found;
  for (const name of fs.readdirSync(DESCRIPTORS)) {
    try {
      found.set(Number(name), fs.readlinkSync(`${DESCRIPTORS}/${name}`));
    } catch {
      // That of the listing itself is closed by now.
    }
  }
  return found;
}
