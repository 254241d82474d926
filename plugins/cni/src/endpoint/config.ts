import { duration, path } from '@hawser/core';
import * as z from 'zod';
import { isIdentifier } from '../protocol/environment.ts';

const deadline = (initial: string, max: string) => duration({ min: '1ms', max }).prefault(initial);

/** Config of the endpoint. The kubelet gives a pod's start 4 minutes and its stop 2: longer deadlines help nobody. */
export const EndpointConfig = z.strictObject({
  add_deadline: deadline('30s', '4m').describe('How long an ADD may take before it is undone'),
  del_deadline: deadline('30s', '2m').describe('How long a DEL may take before its client is told to try again'),
  check_deadline: deadline('30s', '4m').describe('How long a CHECK may take'),
  gc_deadline: deadline('60s', '10m').describe('How long a GC may take'),
  read_deadline: deadline('5s', '1m').describe('How long a client may take to send its request'),
  max_calls: z.int().min(1).max(65_536).default(512).describe('Calls that are carried out at the same time; more are told to try again'),
  exhausted_is_unavailable: z
    .boolean()
    .default(false)
    .describe('Whether STATUS answers 50 while every address is held; a kubelet then calls its whole node not ready'),
  bin_dir: path().optional().describe('Install the executable into this folder once the agent is ready, e.g. /opt/cni/bin'),
  conf_dir: path().optional().describe('Write the network configuration into this folder once the agent is ready, e.g. /etc/cni/net.d'),
  network_name: z
    .string()
    .max(253)
    .refine(isIdentifier, 'must be a network name')
    .default('hawser')
    .describe('Name of the network in that configuration'),
});

export type EndpointSettings = z.output<typeof EndpointConfig>;
