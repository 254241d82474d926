import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HawserError, JsonValue } from '@hawser/core';
import { defineCollection } from '@hawser/core/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isAttachmentData } from './record.ts';
import { call, openFixture, request } from './testing/fixture.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-damaged-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open() {
  const fixture = await openFixture({ folder });
  for (const name of ['sound', 'odd', 'other']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
  return fixture;
}

/** Puts a record where an engine that ended has left its own. */
async function spoil(collection: string, key: string, value: JsonValue): Promise<void> {
  await using fixture = await open();
  await fixture.engine.attach(request('sound'), call());
  await fixture.core.metadata.write('state', (tx) => tx.put(defineCollection('state', collection), key, value));
}

const SNAPSHOT = { kind: 'committed', parents: [], labels: { 'gc.root': '' }, createdAt: '', updatedAt: '' };

test('an attachment of which the record is none is told to whoever asks for it, and others go on', async () => {
  await spoil('snapshots', 'attachment/odd/eth0', { ...SNAPSHOT, data: { containerId: 'odd', claims: 5 } });
  await using fixture = await open();
  const { engine } = fixture;
  const damaged = expect.objectContaining({ code: 'metadata.damaged', message: expect.stringContaining('"attachment/odd/eth0"') });
  expect(() => engine.list()).toThrow(damaged);
  const told = vi.fn<(refusal: HawserError) => void>();
  expect(engine.list(told).map(({ containerId }) => containerId)).toEqual(['sound']);
  expect(told.mock.calls).toEqual([[damaged]]);
  expect(await engine.reap({ network: 'net', valid: [{ containerId: 'sound', ifname: 'eth0' }] }, call())).toEqual([]);
  await expect(engine.attach(request('odd'), call())).rejects.toEqual(damaged);
  await expect(engine.detach({ containerId: 'odd', ifname: 'eth0', network: 'net' }, call())).rejects.toEqual(damaged);
  await engine.detach({ containerId: 'sound', ifname: 'eth0', network: 'net' }, call());
  await engine.attach(request('other'), call());
  expect([engine.get({ containerId: 'sound', ifname: 'eth0' }), engine.get({ containerId: 'other', ifname: 'eth0' })?.state]).toEqual([
    undefined,
    'attached',
  ]);
});

test('an engine begins where a lease can’t be read', async () => {
  await spoil('leases', 'odd', { labels: 5 });
  await using fixture = await open();
  await fixture.engine.detach({ containerId: 'sound', ifname: 'eth0', network: 'net' }, call());
  await fixture.engine.attach(request('other'), call());
  expect(fixture.engine.list()).toMatchObject([{ containerId: 'other', state: 'attached' }]);
});

test('what an attachment leaves is what an attachment reads', async () => {
  await using fixture = await open();
  const pod = { namespace: 'n', name: 'p', uid: 'u' };
  await fixture.engine.attach(request('sound', { pod }), call());
  const data = fixture.core.metadata.read('state', (tx) =>
    Array.from(
      tx.entries(defineCollection<{ data: Record<string, JsonValue> }>('state', 'snapshots'), { prefix: 'attachment/' }),
      ([, record]) => record.data,
    ),
  );
  expect(data.map(isAttachmentData)).toEqual([true]);
});
