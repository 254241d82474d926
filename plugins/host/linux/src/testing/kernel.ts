import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import type { Namespace } from '@hawser/core/network';
import { type LinuxHost, openLinuxHost } from '../host.ts';
import type { LinuxSettings } from '../settings.ts';

/** A host on the real kernel with namespaces of a test's own, all gone when it is disposed of. */
export interface TestKernel extends AsyncDisposable {
  readonly host: LinuxHost;
  /** A new namespace. */
  namespace(): Promise<Namespace & { readonly path: string }>;
}

export async function testKernel(settings: Partial<LinuxSettings> = {}): Promise<TestKernel> {
  const host = await openLinuxHost({ context: systemContext, settings });
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  const paths: string[] = [];
  const namespaces: Namespace[] = [];
  return {
    host,
    async namespace() {
      const path = join(folder, `hwt-${paths.length}`);
      await host.createNamespace(path);
      paths.push(path);
      const namespace = await host.openNamespace(path);
      namespaces.push(namespace);
      return Object.assign(namespace, { path });
    },
    async [Symbol.asyncDispose]() {
      for (const namespace of namespaces) namespace[Symbol.dispose]();
      for (const path of paths) await host.deleteNamespace(path);
      await host[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
