import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, defineErrors } from '@hawser/core';
import { type Client, openClient } from '@hawser/core/client';
import type { TourPod, TourRuntime } from './pods.ts';

const errors = defineErrors('try', {
  agentSurvived: { kind: 'Internal', remedy: 'Run the tour again.' },
});

export interface CrashOptions {
  readonly configFile: string;
  readonly socket: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How often a starting agent is asked whether it is ready. */
const ASK_MS = 20;

/**
 * Runs the agent as a process of its own, has it attach a pod, and ends it with SIGKILL at the moment when its journal
 * says that it has begun. Resolves with how the ADD ended for the runtime.
 */
export async function killWhileAttaching(runtime: TourRuntime, pod: TourPod, options: CrashOptions): Promise<string> {
  const [, hawser = ''] = process.argv;
  const agent = spawn(process.execPath, [hawser, '--config', options.configFile, '--log-level', 'silent', 'run'], { stdio: 'ignore' });
  const ended = once(agent, 'exit');
  try {
    await ready(options);
    const journal = openClient({ socket: options.socket }).events({
      follow: true,
      from: 'start',
      topics: ['/attachments/attaching'],
      signal: options.signal,
    });
    await journal.next(); // an earlier pod's: from now on the journal is heard as it is written
    const added = runtime.attach(pod).then(
      () => 'it had just been done',
      () => 'its runtime was told to try again',
    );
    await Promise.race([begins(pod, journal), added]);
    agent.kill('SIGKILL');
    await ended;
    if (agent.signalCode !== 'SIGKILL') throw errors.agentSurvived('the agent had ended before it was killed');
    return await added;
  } finally {
    agent.kill('SIGKILL');
  }
}

async function ready({ socket, clock, signal }: CrashOptions): Promise<void> {
  const client = openClient({ socket });
  for (;;) {
    signal.throwIfAborted();
    const up = await client.version(signal).then(
      (version) => version.ready,
      () => false,
    );
    if (up) return;
    await clock.sleep(ASK_MS, signal);
  }
}

/** Resolves when the journal tells that the pod is being attached, or ends. */
async function begins(pod: TourPod, journal: ReturnType<Client['events']>): Promise<void> {
  try {
    for await (const event of journal) {
      if ('data' in event && event.data['containerId'] === pod.containerId) return;
    }
  } catch {
    // The agent went first; what its ADD came to is looked at by the caller.
  }
}
