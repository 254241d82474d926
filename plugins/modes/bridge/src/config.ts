import { identifier, ifname } from '@hawser/core';
import * as z from 'zod';

/** The agent's settings; a CNI network config's own (in camelCase) win over them. */
export const Config = z
  .strictObject({
    bridge: ifname().default('hawser0').describe('Name of the bridge; it is made when it is missing'),
    is_gateway: z.boolean().default(false).describe('Gives the bridge the gateway addresses of the subnets and lets the node forward'),
    is_default_gateway: z.boolean().default(false).describe('Gives containers default routes by the bridge; implies is_gateway'),
    force_address: z.boolean().default(false).describe("Takes addresses off the bridge that overlap with the gateway's instead of failing"),
    ip_masq: z.boolean().default(false).describe("Translates to the node's address what containers send beyond their subnet"),
    mtu: z.int().min(0).max(65_535).default(0).describe("MTU of containers' interfaces; 0: the bridge's"),
    hairpin_mode: z.boolean().default(false).describe('Lets a container reach itself by way of the bridge'),
    promisc_mode: z.boolean().default(false).describe('Puts the bridge into promiscuous mode; not together with hairpin_mode'),
    ipam: identifier().default('range').describe('Id of the plugin that hands out addresses'),
  })
  .refine((config) => !(config.hairpin_mode && config.promisc_mode), {
    path: ['promisc_mode'],
    error: 'hairpin_mode and promisc_mode exclude each other: set one of them',
  });

export type Config = z.output<typeof Config>;
