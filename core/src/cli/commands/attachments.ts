import type { AttachmentView } from '../../api/views.ts';
import { attachmentView } from '../../api/views.ts';
import { type AttachmentId, attachmentKey } from '../../network/attachment.ts';
import { textArgument } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { type Column, show } from '../view.ts';
import { FILTERS, leftOut, listPages, PAGES } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const COLUMNS: readonly Column<AttachmentView>[] = [
  ['CONTAINER', (record) => shortId(record.containerId)],
  ['IF', (record) => record.ifname],
  ['NETWORK', (record) => record.network],
  ['MODE', (record) => record.mode],
  ['STATE', (record) => record.state],
  ['IPS', (record) => record.ips.map((ip) => ip.address).join(' ')],
  ['POD', ({ pod }) => (pod === undefined ? undefined : `${pod.namespace}/${pod.name}`)],
  ['CREATED', (record) => record.createdAt],
];
const FULL: readonly Column<AttachmentView>[] = [
  ['NETNS', (record) => record.netns],
  ['CLAIMS', (record) => record.claims.map((claim) => `${claim.type}/${claim.key}`).join(' ')],
  ['INTERFACES', (record) => record.interfaces.map((one) => `${one.name}${one.sandbox === undefined ? ' (host)' : ''}`).join(' ')],
];
const WIDE: readonly Column<AttachmentView>[] = [['CONTAINERID', (record) => record.containerId], ...FULL];

/** Runtimes' ids have 64 digits, of which twelve tell them apart on a node. */
const shortId = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id);

const ATTACHMENT = [
  { name: '<container>', description: 'container id, the start of one, or container/interface' },
  { name: '[ifname]', description: "the interface; the container's only one unless told" },
];

const all = async ({ client, signal, output }: Invocation): Promise<readonly AttachmentView[]> =>
  (await client.attachments.list(signal, {}, (one) => output.note(leftOut(one)))).map(attachmentView);

/** The one attachment that the arguments mean. */
async function find(invocation: Invocation): Promise<AttachmentView> {
  const [container = '', ifname = invocation.arguments[1]] = textArgument(invocation, 0).split('/');
  const wanted = (record: AttachmentId) => ifname === undefined || record.ifname === ifname;
  const records = (await all(invocation)).filter(wanted);
  const exact = records.filter((record) => record.containerId === container);
  const found = exact.length > 0 ? exact : records.filter((record) => record.containerId.startsWith(container));
  const [first, second] = found;
  if (first === undefined)
    throw cliErrors.noSuchAttachment(`there is no attachment ${container}${ifname === undefined ? '' : `/${String(ifname)}`}`);
  if (second !== undefined)
    throw cliErrors.invalidValue(`${container} can be ${found.map(attachmentKey).join(' or ')}`, { remedy: 'Name one of them.' });
  return first;
}

async function checkOne(invocation: Invocation): Promise<void> {
  const record = await find(invocation);
  await invocation.output.progress(`checking ${attachmentKey(record)}`, () =>
    invocation.client.attachments.check(record, invocation.signal),
  );
  invocation.output.result(
    { containerId: record.containerId, ifname: record.ifname, ok: true },
    { columns: [], rows: [[attachmentKey(record), 'is as it was made']] },
  );
}

async function detachOne(invocation: Invocation): Promise<void> {
  const record = await find(invocation);
  await invocation.output.progress(`detaching ${attachmentKey(record)}`, () =>
    invocation.client.attachments.detach(record, invocation.signal),
  );
  invocation.output.note(`${attachmentKey(record)} is detached`);
}

export const attachmentsCommand: CommandSpec = {
  name: 'attachments',
  summary: SUMMARIES.attachments,
  commands: [
    {
      name: 'ls',
      summary: 'List attachments.',
      arguments: [FILTERS],
      options: PAGES,
      examples: [
        ['hawser attachments ls pod.namespace==shop', 'those of one Kubernetes namespace'],
        ["hawser attachments ls 'mode==bridge,state!=attached'", 'what is not done yet'],
      ],
      run: (invocation) => listPages(invocation, { columns: COLUMNS, wide: WIDE }, invocation.client.attachments, attachmentView),
    },
    {
      name: 'show',
      summary: 'Show one attachment.',
      arguments: ATTACHMENT,
      run: async (invocation) => show(invocation, [...WIDE.slice(0, 1), ...COLUMNS.slice(1), ...FULL], await find(invocation)),
    },
    { name: 'check', summary: 'Compare an attachment with the kernel; exit 1 when it differs.', arguments: ATTACHMENT, run: checkOne },
    {
      name: 'detach',
      summary: 'Undo an attachment, as DEL does.',
      arguments: ATTACHMENT,
      examples: [['hawser attachments detach 3f9a eth0', 'takes a container off the network that its runtime has forgotten']],
      run: detachOne,
    },
  ],
};
