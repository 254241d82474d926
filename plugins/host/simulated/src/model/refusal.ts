import type { ErrorFactory, HawserError } from '@hawser/core';
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
  EPERM: hostErrors.permissionDenied,
  EACCES: hostErrors.permissionDenied,
  EOPNOTSUPP: hostErrors.notSupported,
  EAFNOSUPPORT: hostErrors.notSupported,
  EINVAL: hostErrors.invalid,
  ELOOP: hostErrors.invalid,
  ERANGE: hostErrors.invalid,
  EADDRNOTAVAIL: hostErrors.invalid,
  ENETUNREACH: hostErrors.invalid,
  EHOSTUNREACH: hostErrors.invalid,
  ENETDOWN: hostErrors.invalid,
};

/** The error of the catalogue for what the model kernel refuses; `reason` is a clause, `as` what the errno means here. */
function refusal(errno: string, reason: string, as?: ErrorFactory): HawserError {
  return (as ?? CATALOGUE[errno] ?? hostErrors.kernel)(`the kernel refuses: ${reason}`, { details: { errno } });
}

/** Throws it. */
export function refuse(errno: string, reason: string, as?: ErrorFactory): never {
  throw refusal(errno, reason, as);
}
