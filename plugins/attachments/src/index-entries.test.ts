import { defineCollection } from '@hawser/core/contracts';
import { expect, test } from 'vitest';
import { call, openFixture, request } from './testing/fixture.ts';

/** As core names them; see docs/filters.md. */
const INDEXES = ['snapshots.by_label', 'leases.by_label'].map((name) => defineCollection('state', name));

test('an ADD and a DEL write no entry of an index: their labels are the core’s own, which are not indexed', async () => {
  await using fixture = await openFixture();
  fixture.host.namespaces.set('/ns/a', 'inode-a');
  const { metadata, leases } = fixture.core;
  const entries = () => metadata.read('state', (tx) => INDEXES.flatMap((index) => [...tx.keys(index)]));
  const during: (readonly string[])[] = [];
  fixture.mode.during = () => void during.push(entries());
  await fixture.engine.attach(request('a'), call());
  expect(entries()).toEqual([]);
  await fixture.engine.detach({ containerId: 'a', ifname: 'eth0', network: 'net' }, call());
  expect(entries()).toEqual([]);
  expect(during).toEqual([[], []]);
  await metadata.write('state', (tx) => leases.create(tx, { labels: { owner: 'me' } }));
  expect(entries()).toHaveLength(1);
});
