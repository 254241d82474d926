import type { Node } from '../../gc/gc.ts';
import { parseNode } from '../../gc/node.ts';
import type { Lease } from '../../leases/leases.ts';
import { durationOption, flag, listArgument, optionalArgument, pairs, pairsOption, textArgument } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { type Column, labelsText, show } from '../view.ts';
import { FILTERS, listPages, PAGES } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const COLUMNS: readonly Column<Lease>[] = [
  ['ID', (lease) => lease.id],
  ['CREATED', (lease) => lease.createdAt],
  ['EXPIRES', (lease) => lease.expiresAt ?? 'never'],
  ['RESOURCES', (lease) => String(lease.resources.length)],
];
const WIDE: readonly Column<Lease>[] = [
  ['STORE', (lease) => lease.store],
  ['NAMESPACE', (lease) => lease.namespace],
  ['LABELS', (lease) => labelsText(lease.labels)],
];
const FIELDS: readonly Column<Lease>[] = [
  ...COLUMNS.slice(0, 3),
  ...WIDE,
  ['RESOURCES', (lease) => lease.resources.map(({ type, key }) => `${type}/${key}`).join(' ')],
];

const ID = { name: '<id>', description: "the lease's id" };
const RESOURCE = { name: '<resource>', description: '`type/key`' };
const EXPIRES = '--expires <duration>';

function resource(invocation: Invocation): Node {
  const name = textArgument(invocation, 1);
  const node = parseNode(name);
  if (node === undefined) throw cliErrors.invalidValue(`${JSON.stringify(name)} names no resource`, { remedy: 'Write it like type/key.' });
  return node;
}

async function create(invocation: Invocation): Promise<void> {
  const id = optionalArgument(invocation, 0);
  const expiresInMs = durationOption(invocation, 'expires');
  const labels = pairsOption(invocation, 'label');
  const options = { ...(id === undefined ? {} : { id }), ...(expiresInMs === undefined ? {} : { expiresInMs }), labels };
  show(invocation, FIELDS, await invocation.client.leases.create(options, invocation.signal));
}

async function renew(invocation: Invocation): Promise<void> {
  const expiresInMs = durationOption(invocation, 'expires');
  if (expiresInMs === undefined) throw cliErrors.usage('--expires is missing');
  show(invocation, FIELDS, await invocation.client.leases.renew(textArgument(invocation, 0), expiresInMs, invocation.signal));
}

async function label(invocation: Invocation): Promise<void> {
  const labels = pairs(listArgument(invocation, 1), 'a label');
  const fields = Object.keys(labels).map((key) => `labels.${key}`);
  show(invocation, FIELDS, await invocation.client.leases.update(textArgument(invocation, 0), labels, fields, invocation.signal));
}

export const leasesCommand: CommandSpec = {
  name: 'leases',
  summary: SUMMARIES.leases,
  commands: [
    {
      name: 'ls',
      summary: 'List leases.',
      arguments: [FILTERS],
      options: PAGES,
      examples: [['hawser leases ls labels.owner==me', 'leases with a label']],
      run: (invocation) => listPages(invocation, { columns: COLUMNS, wide: WIDE }, invocation.client.leases, (lease) => lease),
    },
    {
      name: 'show',
      summary: 'Show one lease with its resources.',
      arguments: [ID],
      run: async (invocation) =>
        show(invocation, FIELDS, await invocation.client.leases.get(textArgument(invocation, 0), invocation.signal)),
    },
    {
      name: 'create',
      summary: 'Make a lease.',
      arguments: [{ name: '[id]', description: 'its id; a new one unless told' }],
      options: [
        { flags: EXPIRES, description: 'how long it lives: 30s, 10m, 2h; for ever unless told' },
        { flags: '--label <key=value>', description: 'a label; may be repeated', repeatable: true },
      ],
      examples: [['hawser leases create debugging --expires 10m --label owner=me', 'a lease that ends by itself']],
      run: create,
    },
    {
      name: 'renew',
      summary: 'Let a lease live longer, from now on.',
      arguments: [ID],
      options: [{ flags: EXPIRES, description: 'how long it lives from now', required: true }],
      run: renew,
    },
    {
      name: 'label',
      summary: 'Change labels of a lease; the others stay.',
      arguments: [ID, { name: '<key=value...>', description: 'labels; one without a value is deleted' }],
      examples: [['hawser leases label debugging owner=you ticket=', 'one label changed, one deleted']],
      run: label,
    },
    {
      name: 'delete',
      summary: 'Delete a lease; what only it kept alive is collected.',
      arguments: [ID],
      options: [{ flags: '--sync', description: 'wait until what only it kept alive is cleaned up' }],
      run: async (invocation) => {
        const id = textArgument(invocation, 0);
        await invocation.client.leases.delete(id, invocation.signal, { sync: flag(invocation, 'sync') });
        invocation.output.note(`lease ${id} is deleted`);
      },
    },
    {
      name: 'add',
      summary: 'Put a resource under a lease.',
      arguments: [ID, RESOURCE],
      examples: [['hawser leases add debugging attachment/3f9c/eth0', 'it stays until the lease ends, whoever lets go of it']],
      run: async (invocation) => {
        const { client, signal } = invocation;
        show(invocation, FIELDS, await client.leases.addResource(textArgument(invocation, 0), resource(invocation), signal));
      },
    },
    {
      name: 'remove',
      summary: 'Take a resource out of a lease.',
      arguments: [ID, RESOURCE],
      run: async (invocation) => {
        const { client, signal } = invocation;
        show(invocation, FIELDS, await client.leases.removeResource(textArgument(invocation, 0), resource(invocation), signal));
      },
    },
  ],
};
