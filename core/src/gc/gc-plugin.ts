import * as z from 'zod';
import { count, duration } from '../config/fields.ts';
import { Events } from '../events/events.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { gcErrors } from './errors.ts';
import { Gc } from './gc.ts';
import { GcScheduler } from './scheduler.ts';
import { gcTopics } from './topics.ts';

const settings = z.strictObject({
  pause_threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe(
      'Part of the time that marking may take, 0.5 at most: the pause between collections grows with what they cost; 0: one second',
    ),
  deletion_threshold: count({ max: 1_000_000_000 })
    .default(0)
    .describe('Deletions that bring a collection at once, whatever the pause; 0: the pause is always kept'),
  mutation_threshold: count({ max: 1_000_000_000 })
    .default(100)
    .describe('Transactions after which there is a collection although nothing was deleted; 0: never'),
  schedule_delay: duration().prefault('0ms').describe('From what calls for a collection to the collection'),
  startup_delay: duration().prefault('100ms').describe('From the start of the agent to the first collection'),
  slice_ms: z
    .number()
    .min(0.5)
    .max(100)
    .default(1)
    .describe('Milliseconds of work in one slice of a collection; others work between slices'),
  protect: duration().prefault('200ms').describe('How long what is new is left alone by collections that come by themselves'),
  cleanup_deadline: duration().prefault('30s').describe('How long the clean-up of one resource may take before it counts as failed'),
  cleanups_at_once: z.int().min(1).max(1000).default(32).describe('Clean-ups of one type at a time, but for those that a caller waits for'),
  retry_first: duration().prefault('1s').describe('Pause after the first failed clean-up; it doubles with each further one'),
  retry_max: duration().prefault('1m').describe('The longest pause between two attempts at a clean-up'),
  drain_deadline: duration().prefault('5s').describe('How long a stopping agent goes on cleaning up what is garbage'),
});

/** `hawser.gc.v1.scheduler`. */
export const gcPlugin = definePlugin({
  provides: Gc,
  id: 'scheduler',
  stability: 'beta',
  summary: 'Finds what nothing keeps alive any more, and has it cleaned up.',
  errors: gcErrors,
  topics: gcTopics,
  config: settings,
  requires: { metadata: Metadata, events: Events, metrics: Metrics.optional() },
  stopDeadlineMs: 35_000,
  start: ({ config, metadata, events, metrics, clock, random, faults, log, scope }) =>
    scope.use(
      new GcScheduler({
        metadata,
        events,
        context: { clock, random, ...(faults === undefined ? {} : { faults }) },
        log,
        ...(metrics === undefined ? {} : { metrics }),
        settings: {
          pauseThreshold: config.pause_threshold,
          deletionThreshold: config.deletion_threshold,
          mutationThreshold: config.mutation_threshold,
          scheduleDelayMs: config.schedule_delay,
          startupDelayMs: config.startup_delay,
          sliceMs: config.slice_ms,
          protectMs: config.protect,
          cleanupDeadlineMs: config.cleanup_deadline,
          cleanupsAtOnce: config.cleanups_at_once,
          retryFirstMs: config.retry_first,
          retryMaxMs: config.retry_max,
          drainDeadlineMs: config.drain_deadline,
        },
      }),
    ),
});
