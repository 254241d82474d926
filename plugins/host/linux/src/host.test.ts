import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { systemContext } from '@hawser/core';
import { expect, test } from 'vitest';
import { LinuxHost } from './host.ts';
import { scriptedLibc } from './testing/scripted-libc.ts';

test.skipIf(process.platform !== 'linux')('a host that can not be opened leaves no descriptor open (needs Linux)', () => {
  const script = scriptedLibc();
  script.failing.set('socket', constants.errno.EMFILE);
  const opened = () => readdirSync('/proc/self/fd').length;
  const before = opened();
  expect(() => new LinuxHost(script.libc, { context: systemContext })).toThrow(expect.objectContaining({ code: expect.any(String) }));
  expect(opened()).toBe(before);
});
