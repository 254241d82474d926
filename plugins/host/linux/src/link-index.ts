import { hostErrors } from '@hawser/core/network';
import { readI32, readU16, writeU32 } from './netlink/bytes.ts';
import { errnoName, kernelError } from './kernel-error.ts';
import type { Libc } from './libc.ts';
import { isRunning } from './netlink/link.ts';

/** include/uapi/linux/{sockios,if}.h */
const SIOCGIFNAME = 0x8910;
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFINDEX = 0x8933;
const IFNAMSIZ = 16;
const IFREQ_SIZE = 40;

const request = Buffer.alloc(IFREQ_SIZE);

/**
 * Names and indices of links in the namespace of a socket, asked from the kernel each time (1 µs, no lock), because a
 * remembered index may belong to another link by now.
 */
export class LinkIndex {
  readonly #libc: Libc;
  readonly #fd: () => number;

  constructor(libc: Libc, fd: () => number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** Throws `host.not_found`. */
  indexOf(name: string): number {
    const index = this.find(name);
    if (index === undefined) throw hostErrors.notFound(`there is no link '${name}'`, { details: { errno: 'ENODEV', link: name } });
    return index;
  }

  find(name: string): number | undefined {
    return this.#askAbout(name, SIOCGIFINDEX) ? readI32(request, IFNAMSIZ) : undefined;
  }

  isRunning(name: string): boolean | undefined {
    return this.#askAbout(name, SIOCGIFFLAGS) ? isRunning(readU16(request, IFNAMSIZ)) : undefined;
  }

  nameOf(index: number): string | undefined {
    request.fill(0);
    writeU32(request, index, IFNAMSIZ);
    if (!this.#ask(SIOCGIFNAME, `look up link ${index}`)) return undefined;
    return request.toString('utf8', 0, request.indexOf(0));
  }

  #askAbout(name: string, what: number): boolean {
    if (name.length === 0 || Buffer.byteLength(name) >= IFNAMSIZ || name.includes('\0')) return false;
    request.fill(0).write(name);
    return this.#ask(what, `look up link '${name}'`);
  }

  #ask(what: number, doing: string): boolean {
    if (this.#libc.ioctl(this.#fd(), what, request) === 0) return true;
    const errno = this.#libc.errno();
    if (errnoName(errno) === 'ENODEV' || errnoName(errno) === 'ENXIO') return false;
    throw kernelError({ errno, doing });
  }
}

/** Throws `host.invalid` for what the kernel or CNI refuses as a name, and for `%`, which the kernel replaces by a number. */
export function checkLinkName(name: string): void {
  const wrong = Buffer.byteLength(name) >= IFNAMSIZ || /^$|^\.\.?$|[/:%\s\0]/.test(name);
  if (wrong) throw hostErrors.invalid(`'${name.replaceAll('\0', '?')}' is no name that a link can have`, { details: { errno: 'EINVAL' } });
}
