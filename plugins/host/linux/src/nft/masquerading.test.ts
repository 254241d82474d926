import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadLibc } from '../libc.ts';
import { testKernel } from '../testing/kernel.ts';
import { unavailable } from '../testing/machine.ts';
import { Netns } from '../netns.ts';
import { defaultSettings } from '../settings.ts';
import { Masquerading } from './masquerading.ts';
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
    return await runIn(path, nft ?? 'nft', args);
  }

  async function runIn(path: string, executable: string, args: readonly string[]): Promise<string> {
    const libc = await loadLibc();
    using own = Netns.own(libc);
    using netns = Netns.open(libc, path, own);
    return await runNft({ libc, netns, executable, clock: systemContext.clock, timeoutMs: 5_000 }, args, '');
  }

  it('that can’t be started says what the system says', async () => {
    const own = '/proc/self/ns/net';
    await expect(runIn(own, '/etc', [])).rejects.toMatchObject({
      code: 'host.permission_denied',
      message: expect.stringContaining('start nft'),
    });
    await expect(runIn(own, '/nowhere/nft', [])).rejects.toMatchObject({ code: 'host.not_supported', message: 'nft is not installed' });
  });

  it('leaves no table behind', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.masquerade([A, B]);
    expect(await nftIn(namespace.path, 'list', 'tables')).toContain('table inet hawser');
    await namespace.unmasquerade([A]);
    await namespace.unmasquerade([B]);
    expect(await namespace.masquerades()).toEqual([]);
    namespace[Symbol.dispose]();
    await kernel.host[Symbol.asyncDispose]();
    expect(await nftIn(namespace.path, 'list', 'tables')).toBe('');
  });

  it('changes entries of both families as nft would have', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    const C = { source: '10.88.0.7', subnet: '10.88.0.4/30' };
    const D = { source: 'fd00:88::5', subnet: 'fd00:88::/61' };
    const E = { source: 'fd00:88::6', subnet: 'fd00:88::6/128' };
    await namespace.masquerade([A]);
    await namespace.masquerade([B, C, D, E]);
    await namespace.unmasquerade([A, E]);
    const changed = await nftIn(namespace.path, 'list', 'table', 'inet', 'hawser');
    expect(await namespace.masquerades()).toHaveLength(3);
    await nftIn(namespace.path, 'flush', 'ruleset');
    await namespace.masquerade([B, C, D]); // whole, by nft alone
    expect(await nftIn(namespace.path, 'list', 'table', 'inet', 'hawser')).toBe(changed);
  });

  it('is made anew by nft where its sets are gone, and takes many entries at once', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    const many = Array.from({ length: 600 }, (_, at) => ({ source: `10.88.${at >> 8}.${at & 255}`, subnet: '10.88.0.0/16' }));
    await namespace.masquerade(many.slice(0, 500));
    await namespace.unmasquerade(many.slice(1, 500));
    await nftIn(namespace.path, 'delete', 'table', 'inet', 'hawser');
    await namespace.unmasquerade([A]);
    expect(await namespace.masquerades()).toEqual([{ source: '10.88.0.0', subnet: '10.88.0.0/16' }]);
    await namespace.masquerade(many);
    expect(await namespace.masquerades()).toHaveLength(600);
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

  it.each([
    ['the ruleset', ['flush', 'ruleset']],
    ['our rules', ['flush', 'table', 'inet', 'hawser']],
  ])('looks whether somebody has flushed %s, and brings all back as it was', async (_, flush) => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    expect(await kernel.host.restoreMasquerades()).toBe(false);
    await namespace.masquerade([A, B]);
    const made = await nftIn(namespace.path, 'list', 'ruleset');
    expect(await kernel.host.restoreMasquerades()).toBe(false);
    await nftIn(namespace.path, ...flush);
    const [restored] = await Promise.all([kernel.host.restoreMasquerades(), namespace.unmasquerade([B])]);
    expect(restored).toBe(true);
    expect(await namespace.masquerades()).toEqual([A]);
    await namespace.masquerade([B]);
    expect(await nftIn(namespace.path, 'list', 'ruleset')).toBe(made);
    await namespace.unmasquerade([A, B]);
    await nftIn(namespace.path, 'flush', 'ruleset');
    expect(await kernel.host.restoreMasquerades()).toBe(false);
  });

  it('brings them back, too, where nft failed the first time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    const [nftPath, busy] = [join(folder, 'nft'), join(folder, 'busy')];
    writeFileSync(nftPath, `#!/bin/sh\n[ -e ${busy} ] && exit 1\nexec ${nft} "$@"\n`);
    chmodSync(nftPath, 0o755);
    try {
      await using kernel = await testKernel({ nftPath });
      const namespace = await kernel.namespace();
      await namespace.masquerade([A]);
      await nftIn(namespace.path, 'flush', 'ruleset');
      writeFileSync(busy, '');
      await expect(namespace.masquerade([B])).rejects.toMatchObject({ code: 'host.kernel' });
      rmSync(busy);
      await namespace.unmasquerade([B]);
      expect(await namespace.masquerades()).toEqual([A]);
    } finally {
      rmSync(folder, { recursive: true });
    }
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

  it('brings back what an earlier process has made, once it has read it', async () => {
    await using kernel = await testKernel();
    const namespace = await kernel.namespace();
    await namespace.masquerade([A]);
    const libc = await loadLibc();
    using own = Netns.own(libc);
    using netns = Netns.open(libc, namespace.path, own);
    const { receiveTimeoutMs, nftTimeoutMs: timeoutMs, nftTable: table } = defaultSettings;
    const retain = () => () => undefined;
    const options = { libc, netns, executable: nft ?? 'nft', clock: systemContext.clock, timeoutMs, table, receiveTimeoutMs, retain };
    using restarted = new Masquerading(options);
    await nftIn(namespace.path, 'flush', 'table', 'inet', 'hawser');
    expect(await restarted.restore()).toBe(false);
    await restarted.learn();
    expect(await restarted.restore()).toBe(true);
    expect(await namespace.masquerades()).toEqual([A]);
    expect(await nftIn(namespace.path, 'list', 'table', 'inet', 'hawser')).toContain('masquerade');
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
      await expect(masquerade(join(folder, 'none'))).rejects.toMatchObject({
        code: 'host.not_supported',
        remedy: 'Install the package nftables.',
      });
      await expect(masquerade(script('exec sleep 5'))).rejects.toMatchObject({ code: 'host.busy' });
      await expect(masquerade(script('echo "{"'))).rejects.toMatchObject({ code: 'host.kernel' });
      await expect(masquerade(script('echo "Error: JSON support not compiled-in" >&2; exit 1'))).rejects.toMatchObject({
        code: 'host.not_supported',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
