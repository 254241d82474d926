import { cidr, duration, ipAddress } from '@hawser/core';
import * as z from 'zod';
import { parseRanges } from './range.ts';

const Table = z.strictObject({
  subnet: cidr().describe('Subnet that containers are in'),
  range_start: ipAddress().optional().describe('First address to hand out; the first of the subnet unless told'),
  range_end: ipAddress().optional().describe('Last address to hand out; the last of the subnet unless told'),
  gateway: ipAddress().optional().describe('Gateway of the subnet, never handed out; its first address unless told'),
});

const Range = z.union([cidr(), Table]);

export const Config = z.strictObject({
  ranges: z
    .array(Range)
    .min(1)
    .max(1_000)
    .superRefine((ranges, context) => {
      for (const fault of parseRanges(ranges).faults) context.addIssue({ code: 'custom', message: fault.message, path: [fault.index] });
    })
    .describe(
      'Ranges to take addresses from, one address of each family: "10.88.0.0/16", or a table with subnet, range_start, range_end and gateway',
    ),
  cooldown: duration().prefault('30s').describe('How long nobody gets an address again after its release'),
});
