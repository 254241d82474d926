import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { add, cnitool } from './harness/cnitool.ts';
import { must } from './harness/command.ts';
import { PATH, ROOT } from './harness/machine.ts';
import { openNetwork } from './harness/network.ts';
import { makeNamespace } from './harness/pod-namespace.ts';
import { ours, shared } from './harness/suite.ts';

ours();
const network = shared(['cnitool', 'ip', 'nft', 'node-oldest'], openNetwork);

/** The agent without its start script, which would hand over to the newer Node.js that stands beside it. */
const main = pathToFileURL(join(ROOT, 'examples', 'agent', 'dist', 'main.js'));
const begin = `process.argv.splice(1, 0, 'hawser'); await import('${main.href}');`;

test('an agent on the oldest Node.js that is promised takes over from one on the newest, and back', async () => {
  const { agent } = network();
  if (agent === undefined) throw new Error('this is about an agent');
  await using kept = await makeNamespace();
  await using made = await makeNamespace();
  await add(network(), kept.path);
  await agent.stop();
  await agent.start(['env', `PATH=${PATH}`, 'node-oldest', '--input-type=module', '-e', begin, '--']);
  expect(await must('readlink', [`/proc/${agent.pid}/exe`])).toContain('node-oldest');
  expect((await cnitool(network(), 'check', kept.path)).code).toBe(0);
  await add(network(), made.path);
  expect((await cnitool(network(), 'check', made.path)).code).toBe(0);
  expect((await cnitool(network(), 'del', kept.path)).code).toBe(0);
  expect(await agent.stop()).toBe(0);
  await agent.start();
  expect((await cnitool(network(), 'del', made.path)).code).toBe(0);
  await network().nothingLeft();
});
