import { closeSync, constants, fstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { hostErrors, type NamespaceId } from '@hawser/core/network';
import { kernelError } from './kernel-error.ts';
import { CLONE_NEWNET, type Libc } from './libc.ts';

/** _IO(0xb7, 0x3) of include/uapi/linux/nsfs.h */
const NS_GET_NSTYPE = 0xb703;

/** The calling thread's own, which is not the process's while the thread is elsewhere. */
const OWN_PATH = '/proc/thread-self/ns/net';

const NOTHING = new Uint8Array(8);

/** Ends the process. Replaced in tests only. */
export type Die = (reason: string) => never;

const die: Die = (reason) => {
  // Neither exit handlers nor anything else of JavaScript may run any more: they would be in the wrong namespace.
  writeSync(2, `hawser: ${reason}\n`);
  process.abort();
};

/** What a visit may return: anything but a promise, which would go on elsewhere. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/** A network namespace held open by its nsfs file. */
export class Netns implements Disposable {
  readonly id: NamespaceId;
  readonly #libc: Libc;
  readonly #home: Netns | undefined;
  readonly #die: Die;
  #fd: number;
  /** The thread is inside. */
  #visited = false;

  private constructor(libc: Libc, fd: number, home: Netns | undefined, end: Die) {
    this.id = idOf(fstatSync(fd));
    this.#libc = libc;
    this.#fd = fd;
    this.#home = home;
    this.#die = end;
  }

  /** The one that the JavaScript thread is in, which has to be opened before any other. */
  static own(libc: Libc, end: Die = die): Netns {
    return new Netns(libc, openSync(OWN_PATH, 'r'), undefined, end);
  }

  /**
   * Which namespace is at `path`, without opening it: to open a device may set something off, and a FIFO waits for its
   * writer. All namespaces are files of one file system, the kernel's own, which no other file can claim to be of. Throws
   * `host.namespace_gone` when nothing is there, or something that is no namespace.
   */
  static identify(path: string, home: Netns): NamespaceId {
    const id = withPath(path, () => idOf(statSync(path)));
    if (id.device !== home.id.device) throw hostErrors.namespaceGone(`${path} is no namespace`);
    return id;
  }

  /** Throws `host.namespace_gone` when nothing is at `path`, or something that is no network namespace. */
  static open(libc: Libc, path: string, home: Netns): Netns {
    Netns.identify(path, home);
    const fd = withPath(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
    try {
      // Something else may have taken its place between the two calls.
      if (idOf(fstatSync(fd)).device !== home.id.device) throw hostErrors.namespaceGone(`${path} is no namespace`);
      if (libc.ioctl(fd, NS_GET_NSTYPE, NOTHING) !== CLONE_NEWNET) throw hostErrors.namespaceGone(`${path} is another kind of namespace`);
      return new Netns(libc, fd, home, home.#die);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** For messages that name it, such as the namespace of a new link. */
  get fd(): number {
    return this.#require();
  }

  /**
   * Runs `work` with the JavaScript thread inside. It has to be synchronous: the thread is back before anything else
   * runs, and when it can't come back the process ends, because everything it did from then on would happen to
   * the wrong namespace. Nothing inside may start a thread, which would stay there for ever: no asynchronous file
   * system call, no call on a worker. Child processes started inside stay there, and are meant to. A visit during a visit
   * is the same one.
   */
  run<T>(work: () => Synchronous<T>): T {
    const home = this.#home;
    if (home === undefined || this.#visited) return work();
    // Looked at before leaving: a closed handle can't be come back by.
    home.#require();
    if (this.#libc.setns(this.fd, CLONE_NEWNET) !== 0) {
      throw kernelError({ errno: this.#libc.errno(), doing: 'enter a network namespace' });
    }
    this.#visited = true;
    try {
      return work();
    } finally {
      this.#visited = false;
      home.#return();
    }
  }

  /** Makes a new namespace, runs `work` inside it and comes back; it lives on if `work` has bound it to a path. */
  runInNew<T>(work: () => Synchronous<T>): T {
    this.#require();
    if (this.#libc.unshare(CLONE_NEWNET) !== 0) {
      throw kernelError({ errno: this.#libc.errno(), doing: 'make a network namespace' });
    }
    try {
      return work();
    } finally {
      this.#return();
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #require(): number {
    if (this.#fd < 0) throw hostErrors.namespaceGone('this handle of a network namespace is closed');
    return this.#fd;
  }

  #return(): void {
    if (this.#libc.setns(this.#fd, CLONE_NEWNET) === 0) return;
    this.#die(`the way back to the own network namespace is barred (errno ${this.#libc.errno()}); ending at once`);
  }
}

/** Inodes of namespaces have 32 bits. */
const idOf = ({ dev, ino }: Stats): NamespaceId => ({ device: String(dev), inode: String(ino) });

function withPath<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw isSystemError(error) ? openError(path, error) : error;
  }
}

function openError(path: string, error: NodeJS.ErrnoException): Error {
  const absent = error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ESRCH';
  if (absent) return hostErrors.namespaceGone(`nothing is at ${path}`, { cause: error, details: { errno: error.code } });
  return kernelError({ errno: Math.abs(error.errno ?? 0), doing: `open ${path}` });
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number';
}
