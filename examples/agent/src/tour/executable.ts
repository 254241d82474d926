import { spawn } from 'node:child_process';
import { defineErrors, type JsonObject } from '@hawser/core';
import * as z from 'zod';

const errors = defineErrors('try', {
  cniFailed: { kind: 'Internal', remedy: 'Look at the agent’s log lines above.' },
});

const Refusal = z.object({ msg: z.string() });
const Answer = z.record(z.string(), z.json());

export interface CniCall {
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION';
  readonly containerId?: string;
  readonly netns?: string;
  readonly config: JsonObject;
}

/** Executes a CNI plugin the way a container runtime does: environment, network config on standard input. */
export async function callExecutable(path: string, call: CniCall, signal: AbortSignal): Promise<JsonObject> {
  const child = spawn(path, [], {
    signal,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      CNI_COMMAND: call.command,
      CNI_PATH: path,
      ...(call.containerId === undefined ? {} : { CNI_CONTAINERID: call.containerId, CNI_IFNAME: 'eth0', CNI_NETNS: call.netns ?? '' }),
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  // The executable may answer before it has read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(call.config));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const answer = output.trim() === '' ? {} : (JSON.parse(output) as unknown);
  if (code !== 0) throw errors.cniFailed(`${call.command} was refused: ${Refusal.parse(answer).msg}`);
  return Answer.parse(answer);
}
