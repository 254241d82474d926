import { describe, expect, it } from 'vitest';
import { renderBootTree } from './boot-tree.ts';
import type { PluginReport } from './status.ts';

const report = (type: string, id: string, more: Partial<PluginReport> = {}): PluginReport => ({
  uri: `${type}.${id}`,
  type,
  id,
  summary: '',
  stability: 'stable',
  status: 'ok',
  startMs: 1,
  requires: [],
  provides: type,
  ...more,
});

describe('the boot tree', () => {
  it('puts each plugin under the one that it waited for last', () => {
    const reports = [
      report('t.store.v1', 'lmdb', { startMs: 12.4 }),
      report('t.host.v1', 'linux', { status: 'degraded', error: { code: 'host.x', message: 'no nft', remedy: '' } }),
      report('t.ipam.v1', 'range', { requires: ['t.store.v1', 't.host.v1'], stability: 'beta' }),
      report('t.mode.v1', 'bridge', { requires: ['t.ipam.v1.range'], status: 'skipped', reason: 'no IPv6 on this host' }),
      report('t.gc.v1', 'mark', { requires: ['t.store.v1 (optional)'] }),
      report('t.web.v1', 'web', { status: 'disabled', startMs: 0, reason: 'disabled by config' }),
    ];
    expect(renderBootTree(reports, 40.5)).toBe(
      [
        '6 plugins in 40.5 ms: 3 ok, 1 degraded, 1 skipped, 1 disabled',
        '├─ t.store.v1.lmdb  ok  12.4 ms',
        '│  └─ t.gc.v1.mark  ok  1 ms',
        '├─ t.host.v1.linux  degraded  1 ms  no nft (host.x)',
        '│  └─ t.ipam.v1.range  ok  1 ms  [beta]',
        '│     └─ t.mode.v1.bridge  skipped  1 ms  no IPv6 on this host',
        '└─ t.web.v1.web  disabled  disabled by config',
      ].join('\n'),
    );
  });

  it('of nothing is a heading', () => {
    expect(renderBootTree([], 0)).toBe('0 plugins in 0 ms');
  });
});
