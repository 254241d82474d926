import { duration, identifier } from '@hawser/core';
import * as z from 'zod';

/** Settings of `hawser.attachments.v1.engine`. */
export const config = z.strictObject({
  default_mode: identifier().optional().describe('The mode of networks that name none; without it the only mode that is on'),
  attach_deadline: duration({ min: '1ms', max: '1h' }).prefault('60s').describe('How long one attach may take'),
  detach_deadline: duration({ min: '1ms', max: '1h' })
    .prefault('60s')
    .describe('How long a caller waits for one detach; what is left goes on in the background'),
  check_deadline: duration({ min: '1ms', max: '1h' }).prefault('20s').describe('How long one check may take'),
  max_concurrent: z.int().min(1).max(10_000).default(64).describe('Attachments worked on at the same time'),
  max_waiting: z.int().min(0).max(100_000).default(2_000).describe('Calls that may wait for their turn; one more is told to try again'),
});

export type Settings = z.output<typeof config>;
