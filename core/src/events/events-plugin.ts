import * as z from 'zod';
import { duration, size } from '../config/fields.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { AgentState } from '../telemetry/agent-state.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { eventErrors } from './errors.ts';
import { Events } from './events.ts';
import { openExchange } from './exchange.ts';
import { JournalKeeper } from './journal-keeper.ts';

const settings = z.strictObject({
  archive_interval: duration({ min: '100ms', max: '1h' })
    .prefault('30s')
    .describe("How often the boot's part of the journal is moved to the durable store"),
  max_age: duration({ min: '1s', max: '365d' }).prefault('7d').describe('Events older than this are deleted'),
  max_size: size({ min: '64KiB', max: '64GiB' })
    .prefault('64MiB')
    .describe('The oldest events are deleted when the journal is larger than this'),
  check_topics: z
    .boolean()
    .default(false)
    .describe('Whether the data of each event are compared with what its topic declares, and differences logged: for development'),
});

/** `hawser.events.v1.journal`. */
export const eventsPlugin = definePlugin({
  provides: Events,
  id: 'journal',
  stability: 'beta',
  summary: 'Events in one order for all, journalled in the transaction of the change that they tell of.',
  errors: eventErrors,
  config: settings,
  requires: { metadata: Metadata, metrics: Metrics.optional(), agent: AgentState.optional() },
  async start({ config, metadata, metrics, agent, clock, log, scope }) {
    const keeper = new JournalKeeper({ metadata, clock, maxAgeMs: config.max_age, maxBytes: config.max_size });
    const exchange = scope.use(
      await openExchange({
        metadata,
        context: { clock },
        log,
        topics: () => agent?.topics?.() ?? [],
        check: config.check_topics,
        journalled: (count) => keeper.journalled(count),
        ...(metrics === undefined ? {} : { metrics }),
      }),
    );
    scope.spawn('journal', (signal) => keeper.run(config.archive_interval, signal));
    return exchange;
  },
});
