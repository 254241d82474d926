import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import { describeHostContract } from '@hawser/core/testing';
import { openLinuxHost } from './host.ts';
import { unavailable } from './testing/machine.ts';

describeHostContract('linux', {
  unavailable: await unavailable(),
  async make() {
    const host = await openLinuxHost({ context: systemContext });
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    let count = 0;
    return {
      host,
      namespacePath: () => join(folder, `hwt-${count++}`),
      async [Symbol.asyncDispose]() {
        await host[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
