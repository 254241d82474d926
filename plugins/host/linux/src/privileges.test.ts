import { expect, test } from 'vitest';
import { missingCapabilities } from './privileges.ts';

test.each([
  ['000001ffffffffff', []],
  ['00000000a80425fb', ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']], // a container's
  ['0000000000201000', ['CAP_NET_RAW']],
  ['0000000000000000', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN']],
])('of the capabilities %s there are missing: %j', (mask, missing) => {
  expect(missingCapabilities(mask)).toEqual(missing);
});
