import * as z from 'zod';
import { duration } from '../config/fields.ts';
import { Events } from '../events/events.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { gcErrors } from './errors.ts';
import { Gc } from './gc.ts';
import { GcScheduler } from './scheduler.ts';

const settings = z.strictObject({
  cleanup_deadline: duration().prefault('30s').describe('How long the clean-up of one resource may take before it counts as failed'),
  retry_first: duration().prefault('1s').describe('Pause after the first failed clean-up; it doubles with each further one'),
  retry_max: duration().prefault('1m').describe('The longest pause between two attempts at a clean-up'),
  startup_delay: duration().prefault('100ms').describe('From the start of the agent to the first collection'),
  schedule_delay: duration().prefault('20ms').describe('From a deletion to the collection after it'),
  pause_threshold: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.02)
    .describe('Part of the time that marking may take when collections follow each other'),
});

/** `hawser.gc.v1.scheduler`. */
export const gcPlugin = definePlugin({
  provides: Gc,
  id: 'scheduler',
  stability: 'beta',
  summary: 'Finds what nothing keeps alive any more, and has it cleaned up.',
  errors: gcErrors,
  config: settings,
  requires: { metadata: Metadata, events: Events },
  stopDeadlineMs: 35_000,
  start: ({ config, metadata, events, clock, random, faults, log, scope }) =>
    scope.use(
      new GcScheduler({
        metadata,
        events,
        context: { clock, random, ...(faults === undefined ? {} : { faults }) },
        log,
        settings: {
          cleanupDeadlineMs: config.cleanup_deadline,
          retryFirstMs: config.retry_first,
          retryMaxMs: config.retry_max,
          startupDelayMs: config.startup_delay,
          scheduleDelayMs: config.schedule_delay,
          pauseThreshold: config.pause_threshold,
        },
      }),
    ),
});
