import { definePlugin, duration, type Logger, openTracing, text } from '@hawser/core';
import { Host } from '@hawser/core/contracts';
import { tracedHost } from '@hawser/core/network';
import * as z from 'zod';
import { examineKernel } from './examine.ts';
import { LinuxHost, linuxHostErrors, openLinuxHost } from './host.ts';
import { defaultSettings } from './settings.ts';

const config = z.strictObject({
  receive_timeout: duration({ min: '10ms', max: '10m' }).prefault('2s').describe('How long an answer of the kernel may take'),
  retire_group: z
    .int()
    .min(1)
    .max(0xffffffff)
    .default(defaultSettings.retireGroup)
    .describe('Number of the link group whose links are ours to delete; nothing else on this machine may use it'),
  gather: duration({ max: '10s' })
    .prefault('10ms')
    .describe('How long links to be deleted wait for more to go with them; one alone waits a third of it'),
  watch_capacity: z
    .int()
    .min(16)
    .max(1_000_000)
    .default(defaultSettings.watchCapacity)
    .describe('Notifications of the kernel that may wait for a reader'),
  nft_path: text({ max: 4_095 }).default(defaultSettings.nftPath).describe('Name or path of nft'),
  nft_timeout: duration({ min: '10ms', max: '10m' }).prefault('10s').describe('How long one run of nft may take'),
  nft_table: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,31}$/)
    .default(defaultSettings.nftTable)
    .describe('Name of our table of family inet; each agent on a machine needs its own'),
});

/** From one look to the next whether the rules are still there that let pods reach others: firewalls that are reloaded flush them. */
const LOOK_MS = 5_000;

/** What an earlier agent has made is learnt at the second look: the first comes with the start, which is to be short. */
function masqueradingLook(host: LinuxHost, log: Logger): () => Promise<void> {
  let looks = 0;
  return async () => {
    const learnt = ++looks === 2 ? host.learnMasquerades() : undefined;
    await learnt?.catch((error: unknown) => log.debug({ err: error }, 'the rules for masquerading could not be read'));
    if (await host.restoreMasquerades()) log.warn('the rules for masquerading were taken away by others; they are there again');
  };
}

/** The Host contract on the machine's own kernel. */
export default definePlugin({
  provides: Host,
  id: 'linux',
  stability: 'beta',
  summary: 'Links, addresses, routes, namespaces and packet filtering of this Linux machine.',
  version: '0.1.0',
  config,
  errors: linuxHostErrors,
  examine: ({ config: chosen }) => examineKernel({ receiveTimeoutMs: chosen.receive_timeout, nftPath: chosen.nft_path }),
  async start({ config: chosen, clock, random, scope, skip, log }) {
    const context = { clock, random };
    const settings = {
      receiveTimeoutMs: chosen.receive_timeout,
      retireGroup: chosen.retire_group,
      gatherMs: chosen.gather,
      watchCapacity: chosen.watch_capacity,
      nftPath: chosen.nft_path,
      nftTimeoutMs: chosen.nft_timeout,
      nftTable: chosen.nft_table,
    };
    const host = await openLinuxHost({ context, settings }).catch((error: unknown) => {
      if (linuxHostErrors.unavailable.is(error)) return error.message;
      throw error;
    });
    if (!(host instanceof LinuxHost)) return skip(host);
    scope.use(host);
    const reason = host.missing('veth');
    if (reason !== undefined) return skip(reason);
    for (const leftover of host.leftovers)
      leftover.catch((error: unknown) => log.warn({ err: error }, 'a link of an earlier run could not be deleted'));
    scope.spawn('masquerading', masqueradingLook(host, log), { everyMs: LOOK_MS });
    const tracing = await openTracing();
    return tracing === undefined ? host : tracedHost(host, tracing);
  },
});
