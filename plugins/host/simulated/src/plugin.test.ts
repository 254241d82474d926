import * as z from 'zod';
import { describePluginContract } from '@hawser/core/testing';
import { describe, expect, it } from 'vitest';
import simulated from './index.ts';

describePluginContract(simulated, { module: new URL('index.ts', import.meta.url), config: { seed: 7, latency_ms: 0.1 } });

describe('the plugin', () => {
  it('is a host that is on when it is configured', () => {
    expect(simulated).toMatchObject({ id: 'simulated', enabled: 'configured', provides: { id: 'hawser.host.v1' } });
  });

  it('takes a seed and a latency, and nothing else', () => {
    const schema = simulated.config ?? expect.fail('it has settings');
    expect(schema.parse({})).toEqual({ seed: 1, latency_ms: 0 });
    expect(() => schema.parse({ seed: -1 })).toThrow(z.ZodError);
    expect(() => schema.parse({ latency_ms: -1 })).toThrow(z.ZodError);
    expect(() => schema.parse({ speed: 1 })).toThrow(z.ZodError);
  });
});
