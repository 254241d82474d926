import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { hostErrors } from '@hawser/core/network';
import { kernelError } from './kernel-error.ts';
import { type Netns, isSystemError } from './netns.ts';

/**
 * The file of a sysctl, dots and slashes exchanged as sysctl(8) does it: `net.ipv4.conf.eth0/100.forwarding` is
 * /proc/sys/net/ipv4/conf/eth0.100/forwarding. Only what is below `net` belongs to a network namespace. Throws
 * `host.invalid`.
 */
export function sysctlPath(name: string): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'));
  const wrong = parts.length < 2 || parts[0] !== 'net' || parts.some((part) => /^\.{0,2}$|[\0\s]/.test(part));
  if (wrong) throw hostErrors.invalid(`'${name.replaceAll('\0', '?')}' is no name of a network sysctl`);
  return `/proc/sys/${parts.join('/')}`;
}

/** /proc/sys/net shows the namespace of the thread that looks, so that a synchronous visit reads it. */
export function readSysctl(netns: Netns, name: string): string | undefined {
  const path = sysctlPath(name);
  try {
    return netns.run(() => readFileSync(path, 'utf8')).trimEnd();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    throw kernelError({ errno: Math.abs(error.errno ?? 0), doing: `read sysctl ${name}` });
  }
}

export function writeSysctl(netns: Netns, name: string, value: string): void {
  netns.run(() => writeHere(name, value));
}

/** In the namespace that the thread is in. */
export function writeHere(name: string, value: string): void {
  const path = sysctlPath(name);
  try {
    writeTo(path, value);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw kernelError({ errno: Math.abs(error.errno ?? 0), doing: `set sysctl ${name}` });
  }
}

/** Without O_CREAT, which /proc refuses with a misleading error, and without reading, which some sysctls refuse. */
function writeTo(path: string, value: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } finally {
    closeSync(fd);
  }
}
