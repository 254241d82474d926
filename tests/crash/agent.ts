/** The reference agent with a fault injector: `agent.ts CONFIG [POINT[#n]]`. Without a point it traces all of them. */
import { plugins } from '@hawser/agent';
import { systemContext } from '@hawser/core';
import { createLog, runAgent } from '@hawser/core/agent';
import { killAt, tracePoints } from '../support/kill-at.ts';
import { withFaults } from '../support/with-faults.ts';

const [, , configFile, point] = process.argv;

const code = await runAgent({
  name: 'hawser',
  version: 'under test',
  plugins: withFaults(plugins),
  configFile,
  configMissingOk: false,
  context: { ...systemContext, faults: point === undefined ? tracePoints : killAt(point) },
  log: await createLog({ level: 'info', pretty: false, color: false }),
  signals: process,
  notifySocket: undefined,
  exit: (status) => process.exit(status),
});
process.exit(code);
