/** A test file as an author has it, of plugins that are not as they should be; run by plugin-contract.test.ts alone. */
import { afterAll } from 'vitest';
import { describePluginContract } from '../plugin-contract.ts';
import { hanging, left, secretive, stubborn, takers } from './defective.fixture.ts';

afterAll(async () => {
  for (const release of left.splice(0)) await release();
});

for (const plugin of [takers['interval'], takers['variable'], stubborn['once'], stubborn['worker']])
  if (plugin) describePluginContract(plugin);
describePluginContract(secretive, { module: new URL('early/timer.fixture.ts', import.meta.url) });
describePluginContract(hanging, { calls: (lamp) => [lamp.light()] });
