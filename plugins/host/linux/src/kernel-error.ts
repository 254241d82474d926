import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { type ErrorFactory, type HawserError } from '@hawser/core';
import { hostErrors } from '@hawser/core/network';

/** How errnos are told in the terms of the Host contract; all others are `host.kernel`. */
const CATALOGUE: Readonly<Record<string, ErrorFactory>> = {
  ENODEV: hostErrors.notFound,
  ENOENT: hostErrors.notFound,
  ESRCH: hostErrors.notFound,
  ENXIO: hostErrors.notFound,
  EEXIST: hostErrors.alreadyExists,
  EBUSY: hostErrors.busy,
  EAGAIN: hostErrors.busy,
  EINTR: hostErrors.busy,
  ENOBUFS: hostErrors.busy,
  EMFILE: hostErrors.busy,
  ENFILE: hostErrors.busy,
  EXFULL: hostErrors.full,
  EPERM: hostErrors.permissionDenied,
  EACCES: hostErrors.permissionDenied,
  EROFS: hostErrors.permissionDenied,
  EOPNOTSUPP: hostErrors.notSupported,
  EAFNOSUPPORT: hostErrors.notSupported,
  EPROTONOSUPPORT: hostErrors.notSupported,
  ENOPROTOOPT: hostErrors.notSupported,
  EINVAL: hostErrors.invalid,
  ERANGE: hostErrors.invalid,
  EADDRNOTAVAIL: hostErrors.invalid,
  ENETUNREACH: hostErrors.invalid,
  EHOSTUNREACH: hostErrors.invalid,
  ENETDOWN: hostErrors.invalid,
  ENAMETOOLONG: hostErrors.invalid,
  ELOOP: hostErrors.invalid,
};

/** What Node.js has neither name nor sentence for: a bridge with all of its ports. */
const EXFULL = 54;

/** What a kernel call failed with, kept in `details`. */
export interface KernelFailure {
  /** Positive number. */
  readonly errno: number;
  /** What was tried, as `make link 'eth0'`. */
  readonly doing: string;
  /** The kernel's own sentence (extended ACK). */
  readonly text?: string | undefined;
}

/** The name of an errno as Linux has it: `ENODEV`. */
export function errnoName(errno: number): string {
  if (errno === EXFULL) return 'EXFULL';
  // Node.js throws on numbers that no error can have; garbage must not hide the failure itself.
  const name = Number.isInteger(errno) && errno > 0 && errno < 4096 ? getSystemErrorName(-errno) : '';
  if (name === 'ENOTSUP') return 'EOPNOTSUPP';
  return /^E[A-Z0-9]+$/.test(name) ? name : `errno ${errno}`;
}

/** The error of the catalogue for a kernel call that failed. `as` tells what certain errnos mean for this call. */
export function kernelError(failure: KernelFailure, as: Readonly<Record<string, ErrorFactory>> = {}): HawserError {
  const name = errnoName(failure.errno);
  const factory = as[name] ?? CATALOGUE[name] ?? hostErrors.kernel;
  const reason = failure.text ?? reasonOf(failure.errno, name);
  return factory(`the kernel refuses to ${failure.doing}: ${clause(reason)}`, {
    details: { errno: name, ...(failure.text === undefined ? {} : { kernelText: failure.text }) },
  });
}

function reasonOf(errno: number, name: string): string {
  if (errno === EXFULL) return 'no port is left';
  return name.startsWith('E') ? getSystemErrorMessage(-errno) : name;
}

/** Lower case at the start unless it is an abbreviation, no stop at the end. */
function clause(sentence: string): string {
  const text = sentence.trim().replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
