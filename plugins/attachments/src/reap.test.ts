import { hostErrors } from '@hawser/core/network';
import { fakeHost } from '@hawser/core/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { call, type Fixture, openFixture, request } from './testing/fixture.ts';

const ID = { containerId: 'a', ifname: 'eth0' };

describe('reap', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
    for (const name of ['a', 'b', 'c']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  test('detaches what the runtime no longer lists, of this network only', async () => {
    for (const name of ['a', 'b']) await fixture.engine.attach(request(name), call());
    await fixture.engine.attach(request('c', { network: { name: 'other', settings: {}, capabilities: {} } }), call());
    const reaped = await fixture.engine.reap({ network: 'net', valid: [ID] }, call());
    expect(reaped).toEqual([{ containerId: 'b', ifname: 'eth0' }]);
    await fixture.core.gc.finished({ type: 'attachment', key: 'b/eth0' }, call());
    expect(fixture.engine.list().map(({ containerId }) => containerId)).toEqual(['a', 'c']);
  });

  test('without a list, what has lost its namespace or finds another one at its path', async () => {
    for (const name of ['a', 'b', 'c']) await fixture.engine.attach(request(name), call());
    fixture.host.namespaces.delete('/ns/a');
    fixture.host.namespaces.set('/ns/b', 'inode-of-somebody-else');
    const reaped = await fixture.engine.reap({ network: 'net' }, call());
    expect(reaped.map(({ containerId }) => containerId)).toEqual(['a', 'b']);
  });

  test('without a list, holds few namespaces open and lets others work between them', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `pod-${index}`);
    for (const name of names) fixture.host.namespaces.set(`/ns/${name}`, `inode-of-${name}`);
    await Promise.all(names.map((name) => fixture.engine.attach(request(name), call())));
    const host = fakeHost({ namespaces: Object.fromEntries(fixture.host.namespaces) });
    let held = 0;
    let most = 0;
    vi.spyOn(fixture.host, 'openNamespace').mockImplementation(async (path) => {
      most = Math.max(most, (held += 1));
      const namespace = await host.openNamespace(path);
      return Object.assign(namespace, { [Symbol.dispose]: () => void (held -= 1) });
    });
    let reaped = false;
    const reaping = fixture.engine.reap({ network: 'net' }, call()).finally(() => (reaped = true));
    await new Promise(setImmediate);
    expect(reaped).toBe(false);
    expect(await reaping).toEqual([]);
    expect(most).toBeLessThan(10);
    expect(held).toBe(0);
  });

  test('without a list, leaves alone what it can not look at, and goes on with the others', async () => {
    for (const name of ['a', 'b']) await fixture.engine.attach(request(name), call());
    vi.spyOn(fixture.host, 'openNamespace').mockImplementation(async (path) => {
      throw path === '/ns/a' ? hostErrors.permissionDenied('not for you') : hostErrors.namespaceGone('gone');
    });
    expect(await fixture.engine.reap({ network: 'net' }, call())).toEqual([{ containerId: 'b', ifname: 'eth0' }]);
    expect(fixture.engine.get(ID)?.state).toBe('attached');
  });
});
