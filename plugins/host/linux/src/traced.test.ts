import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext, type Tracing } from '@hawser/core';
import { tracedHost } from '@hawser/core/network';
import { describeHostContract } from '@hawser/core/testing';
import { openLinuxHost } from './host.ts';
import { unavailable } from './testing/machine.ts';

/** Records nothing: the contract is about what a trace must not change. */
const tracing: Tracing = { span: (_name, _fields, work) => work() };

describeHostContract('linux, traced', {
  unavailable: await unavailable(),
  async make() {
    const host = await openLinuxHost({ context: systemContext });
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    let count = 0;
    return {
      host: tracedHost(host, tracing),
      namespacePath: () => join(folder, `hwt-${count++}`),
      async [Symbol.asyncDispose]() {
        await host[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
