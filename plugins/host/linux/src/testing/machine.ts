import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext, toHawserError } from '@hawser/core';
import { openLinuxHost } from '../host.ts';

/** Why tests on the real kernel can't run here; undefined where they can. */
export async function unavailable(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  try {
    await using host = await openLinuxHost({ context: systemContext });
    await host.createNamespace(join(folder, 'probe'));
    await host.deleteNamespace(join(folder, 'probe'));
    return undefined;
  } catch (error) {
    return toHawserError(error).message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
