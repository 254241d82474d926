import * as z from 'zod';
import { duration, size } from '../config/fields.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { eventErrors } from './errors.ts';
import { Events } from './events.ts';
import { openExchange } from './exchange.ts';
import { JournalKeeper } from './journal-keeper.ts';

const settings = z.strictObject({
  archive_interval: duration({ min: '10ms', max: '1h' })
    .prefault('30s')
    .describe("How often the boot's part of the journal is moved to the durable store"),
  max_age: duration({ min: '1s', max: '3650d' }).prefault('7d').describe('Events older than this are deleted'),
  max_size: size().prefault('64MiB').describe('The oldest events are deleted when the journal is larger than this'),
});

/** `hawser.events.v1.journal`. */
export const eventsPlugin = definePlugin({
  provides: Events,
  id: 'journal',
  stability: 'beta',
  summary: 'Events in one order for all, journalled in the transaction of the change that they tell of.',
  errors: eventErrors,
  config: settings,
  requires: { metadata: Metadata },
  async start({ config, metadata, clock, log, scope }) {
    const exchange = scope.use(await openExchange({ metadata, context: { clock }, log }));
    const keeper = new JournalKeeper({ metadata, clock, maxAgeMs: config.max_age, maxBytes: config.max_size });
    scope.spawn('journal', (signal) => keeper.run(config.archive_interval, signal));
    return exchange;
  },
});
