import type { Envelope, Lagged } from '../../events/events.ts';
import { compileFilters, fieldsOf } from '../../filters/index.ts';
import type { JsonObject } from '../../json.ts';
import { flag, listArgument, textOption } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { visible } from '../visible.ts';
import { FILTERS } from './list-pages.ts';

async function print(invocation: Invocation): Promise<void> {
  const { client, signal, output } = invocation;
  const matches = compileFilters(listArgument(invocation, 0));
  const from = textOption(invocation, 'from');
  const events = client.events({ follow: flag(invocation, 'follow'), signal, ...(from === undefined ? {} : { from }) });
  for await (const event of events) {
    if ('lagged' in event) output.note(laggedText(event));
    else if (matches(fieldsOf(event))) output.item(eventJson(event), eventLine(event));
  }
}

const laggedText = ({ lagged, resumeFrom }: Lagged): string =>
  `${lagged} events are left out: this reader is too slow; get them with --from ${resumeFrom}`;

const eventJson = ({ cursor, timestamp, namespace, topic, type, data }: Envelope): JsonObject => ({
  cursor,
  timestamp,
  namespace,
  topic,
  type,
  data,
});

const eventLine = ({ timestamp, topic, data }: Envelope): string =>
  visible(
    [
      timestamp,
      topic,
      ...Object.entries(data).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ].join(' '),
  );

export const eventsCommand: CommandSpec = {
  name: 'events',
  summary: 'Print what has happened, one line (or JSON object) an event.',
  arguments: [FILTERS],
  options: [
    { flags: '-f, --follow', description: 'go on with what happens from now' },
    { flags: '--from <where>', description: 'start, a cursor, or how long ago: 30m' },
  ],
  examples: [
    ['hawser events --from 30m', 'the last half hour'],
    ["hawser events --follow 'topic~=^/attachments/'", 'attachments as they come and go'],
    ['hawser events --follow --from start -o json', 'everything, for a program'],
  ],
  run: print,
};
