import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { kernelError } from './kernel-error.ts';

test('a bridge without a free port is told as such: Node.js has no name for what the kernel says', () => {
  expect(kernelError({ errno: 54, doing: "make the pair 'a' and 'b'" })).toMatchObject({
    code: 'host.full',
    message: "the kernel refuses to make the pair 'a' and 'b': no port is left",
    details: { errno: 'EXFULL' },
  });
});

test('what passes by itself is to be tried again', () => {
  for (const errno of [constants.errno.EMFILE, constants.errno.ENFILE, constants.errno.EAGAIN, constants.errno.ENOBUFS])
    expect(kernelError({ errno, doing: 'start nft' })).toMatchObject({ code: 'host.busy' });
});
