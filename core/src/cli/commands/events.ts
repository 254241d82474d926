import type { Envelope, Lagged, QueuePolicy } from '../../events/events.ts';
import type { JsonObject } from '../../json.ts';
import { flag, listArgument, textOption } from '../arguments.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { isForPeople } from '../globals.ts';
import { FILTERS } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const POLICIES: readonly QueuePolicy[] = ['drop_oldest', 'block', 'disconnect'];

async function print(invocation: Invocation): Promise<void> {
  const { client, signal, output } = invocation;
  const from = textOption(invocation, 'from');
  const policy = POLICIES.find((one) => one === textOption(invocation, 'policy'));
  const events = client.events({
    follow: flag(invocation, 'follow'),
    filters: listArgument(invocation, 0),
    signal,
    ...(from === undefined ? {} : { from }),
    ...(policy === undefined ? {} : { policy }),
  });
  for await (const event of events) {
    if ('lagged' in event) {
      output.note(laggedText(event));
      // A program that reads the items has the gap where it is.
      if (!isForPeople(invocation.global.output)) output.item({ ...event }, '');
    } else output.item(eventJson(event), eventLine(event));
    await output.taken(signal);
  }
}

/** The topics of the assembly's plugins; no agent is asked. */
async function topics(assembly: Assembly, invocation: Invocation): Promise<void> {
  const { describeTopics, fieldsText } = await import('../../events/describe-topics.ts');
  const plugins = await pluginsOf(assembly);
  const described = describeTopics(plugins.flatMap((plugin) => plugin.topics ?? []));
  const rows = described.map((topic) => [topic.topic, fieldsText(topic), topic.summary]);
  if (flag(invocation, 'markdown')) {
    const lines = rows.map(([name, fields, summary]) => `| \`${name}\` | ${summary} | \`${fields}\` |`);
    invocation.output.result(['| topic | when | data |', '|---|---|---|', ...lines, ''].join('\n'));
    return;
  }
  invocation.output.result([...described], { columns: ['TOPIC', 'DATA', 'WHEN'], rows });
}

function laggedText({ lagged, resumeFrom }: Lagged): string {
  if (lagged === 0) return `events are left out: they have been deleted; what is there goes on behind ${resumeFrom}`;
  return `${lagged} events are left out: this reader is too slow; get them with --from ${resumeFrom}`;
}

const eventJson = ({ cursor, timestamp, namespace, requestId, topic, type, data }: Envelope): JsonObject => ({
  cursor,
  timestamp,
  namespace,
  ...(requestId === undefined ? {} : { requestId }),
  topic,
  type,
  data,
});

const eventLine = ({ timestamp, topic, data }: Envelope): string =>
  [
    timestamp,
    topic,
    ...Object.entries(data).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].join(' ');

export const eventsCommand = (assembly: Assembly): CommandSpec => ({
  name: 'events',
  summary: SUMMARIES.events,
  arguments: [FILTERS],
  options: [
    { flags: '-f, --follow', description: 'go on with what happens from now' },
    { flags: '--from <where>', description: 'start, a cursor, or how long ago: 30m' },
    { flags: '--policy <policy>', description: 'what happens to a reader that is too slow; drop_oldest unless told', choices: POLICIES },
  ],
  examples: [
    ['hawser events --from 30m', 'the last half hour'],
    ["hawser events --follow 'topic~=^/attachments/'", 'attachments as they come and go'],
    ['hawser events --follow --from start -o json', 'everything, for a program'],
  ],
  commands: [
    {
      name: 'topics',
      summary: 'List the topics that there are, with the data of their events.',
      options: [{ flags: '--markdown', description: 'as a table for docs' }],
      examples: [['hawser events topics -o json', 'with the JSON Schema of the data']],
      run: (invocation) => topics(assembly, invocation),
    },
  ],
  run: print,
});
