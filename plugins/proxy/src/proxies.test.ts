import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { proxies } from './proxies.ts';

describe('plugins of other processes', () => {
  it('are modes and address plugins, by type and name', () => {
    expect(proxies.types).toEqual(['hawser.mode.v1', 'hawser.ipam.v1']);
    expect(proxies.plugin('acme', 'hawser.mode.v1')).toMatchObject({ id: 'acme', provides: { id: 'hawser.mode.v1' }, stability: 'beta' });
    expect(() => proxies.plugin('acme', 'hawser.gc.v1')).toThrow("'hawser.gc.v1' can't be provided from another process");
  });

  it('take no settings under [plugins]', () => {
    const { config } = proxies.plugin('acme', 'hawser.mode.v1');
    expect(config?.safeParse({}).success).toBe(true);
    expect(config?.safeParse({ address: 'unix:///x' }).error?.issues[0]?.message).toContain('[proxy_plugins]');
  });

  it('load gRPC when the first of them starts, not before', () => {
    const script = `
      const { proxies } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))});
      proxies.plugin('acme', 'hawser.mode.v1');
      const { _cache } = (await import('node:module')).default;
      const loaded = () => Object.keys(_cache).filter((file) => /grpc-js|protobufjs/.test(file)).length > 0;
      const before = loaded();
      await import(${JSON.stringify(join(import.meta.dirname, 'client', 'start.ts'))});
      console.log(before, loaded());
    `;
    const args = ['--no-warnings', '--conditions=hawser:source', '--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname }).trim()).toBe('false true');
  });
});
