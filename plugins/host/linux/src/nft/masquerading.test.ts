import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadLibc } from '../libc.ts';
import { testKernel } from '../testing/kernel.ts';
import { unavailable } from '../testing/machine.ts';
import { Netns } from '../netns.ts';
import { findExecutable, runNft } from './process.ts';

const nft = findExecutable('nft');
const missing = (await unavailable()) ?? (nft === undefined ? 'nft is not installed' : undefined);

const A = { source: '10.88.0.5', subnet: '10.88.0.0/16' };
const B = { source: '10.88.0.6', subnet: '10.88.0.0/16' };

describe('masquerading on the kernel', () => {
  beforeEach((test) => {
    if (missing !== undefined) test.skip(missing);
  });

  async function nftIn(path: string, ...args: readonly string[]): Promise<string> {
    const libc = await loadLibc();
    using own = Netns.own(libc);
    using netns = Netns.open(libc, path, own);
    return await runNft({ libc, netns, executable: nft ?? 'nft', clock: systemContext.clock, timeoutMs: 5_000 }, args, '');
  }

  it('leaves no table behind', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.masquerade([A, B]);
    expect(await nftIn(namespace.path, 'list', 'tables')).toContain('table inet hawser');
    await namespace.unmasquerade([A]);
    await namespace.unmasquerade([B]);
    expect(await nftIn(namespace.path, 'list', 'tables')).toBe('');
  });

  it('brings all entries back after somebody else has flushed the ruleset', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.masquerade([A]);
    await nftIn(namespace.path, 'flush', 'ruleset');
    await namespace.masquerade([B]);
    expect(await namespace.masquerades()).toEqual(expect.arrayContaining([A, B]));
    await nftIn(namespace.path, 'flush', 'ruleset');
    await namespace.masquerade([B]);
    expect(await namespace.masquerades()).toHaveLength(2);
  });

  it('knows what an earlier process has made', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.masquerade([A]);
    await using restarted = await testKernel();
    using again = await restarted.host.openNamespace(namespace.path);
    expect(await again.masquerades()).toEqual([A]);
    await again.masquerade([B]);
    expect(await again.masquerades()).toHaveLength(2);
  });

  it('leaves tables of others alone', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await nftIn(namespace.path, 'add', 'table', 'inet', 'other');
    await namespace.masquerade([A]);
    await namespace.unmasquerade([A]);
    expect(await nftIn(namespace.path, 'list', 'tables')).toContain('other');
  });

  it('fails with a remedy where nft is missing, hangs or talks nonsense', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    const script = (text: string): string => {
      writeFileSync(join(folder, 'nft'), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, 'nft'), 0o755);
      return join(folder, 'nft');
    };
    const masquerade = async (nftPath: string) => {
      await using kernel = await testKernel({ nftPath, nftTimeoutMs: 150 });
      await (await kernel.namespace()).masquerade([A]);
    };
    try {
      await expect(masquerade(join(folder, 'none'))).rejects.toMatchObject({ code: 'host.not_supported', remedy: 'Install the package nftables.' });
      await expect(masquerade(script('exec sleep 5'))).rejects.toMatchObject({ code: 'host.busy' });
      await expect(masquerade(script('echo "{"'))).rejects.toMatchObject({ code: 'host.kernel' });
      await expect(masquerade(script('echo "Error: JSON support not compiled-in" >&2; exit 1'))).rejects.toMatchObject({ code: 'host.not_supported' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
