import type { SnapshotView } from '../../api/views.ts';
import { snapshotView } from '../../api/views.ts';
import { printFilter } from '../../filters/index.ts';
import { textArgument } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { cliErrors } from '../errors.ts';
import { isForPeople } from '../globals.ts';
import { snapshotTree } from '../snapshot-tree.ts';
import { type Column, labelsText, show } from '../view.ts';
import { FILTERS, leftOut, listPages, PAGES } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const COLUMNS: readonly Column<SnapshotView>[] = [
  ['TYPE', (snapshot) => snapshot.type],
  ['KEY', (snapshot) => snapshot.key],
  ['KIND', (snapshot) => snapshot.kind],
  ['PARENTS', (snapshot) => snapshot.parents.join(' ')],
  ['CREATED', (snapshot) => snapshot.createdAt],
];
const WIDE: readonly Column<SnapshotView>[] = [
  ['UPDATED', (snapshot) => snapshot.updatedAt],
  ['NAMESPACE', (snapshot) => snapshot.namespace],
  ['LABELS', (snapshot) => labelsText(snapshot.labels)],
];

const USAGE: readonly Column<{ readonly name: string; readonly bytes: number; readonly items: number }>[] = [
  ['NAME', (usage) => usage.name],
  ['BYTES', (usage) => String(usage.bytes)],
  ['ITEMS', (usage) => String(usage.items)],
];

const all = async ({ client, signal, output }: Invocation, filters: readonly string[] = []): Promise<readonly SnapshotView[]> =>
  (await client.snapshots.list(signal, { filters }, (one) => output.note(leftOut(one)))).map(snapshotView);

const whereIs = (field: string, value: string): string => printFilter({ selectors: [{ path: [field], operator: '==', value }] });

async function find(invocation: Invocation): Promise<SnapshotView> {
  const name = textArgument(invocation, 0);
  const byName = await all(invocation, [whereIs('name', name)]);
  const found = byName.length > 0 ? byName : await all(invocation, [whereIs('key', name)]);
  const [first, second] = found;
  if (first === undefined) throw cliErrors.noSuchSnapshot(`there is no snapshot ${name}`);
  if (second !== undefined)
    throw cliErrors.invalidValue(`${name} can be ${found.map((one) => one.name).join(' or ')}`, { remedy: 'Name its type too.' });
  return first;
}

const showOne = async (invocation: Invocation): Promise<void> =>
  show(invocation, [...COLUMNS, ...WIDE, ['DATA', (snapshot) => JSON.stringify(snapshot.data)]], await find(invocation));

export const snapshotsCommand: CommandSpec = {
  name: 'snapshots',
  summary: SUMMARIES.snapshots,
  commands: [
    {
      name: 'ls',
      summary: 'List snapshots.',
      arguments: [FILTERS],
      options: PAGES,
      examples: [
        ['hawser snapshots ls kind==active', 'what is being made, or was when the agent died'],
        ['hawser snapshots ls parent==claim/address/10.88.0.2', 'what stands on an address'],
      ],
      run: (invocation) => listPages(invocation, { columns: COLUMNS, wide: WIDE }, invocation.client.snapshots, snapshotView),
    },
    {
      name: 'show',
      summary: 'Show one snapshot with its data.',
      arguments: [{ name: '<name>', description: '`type/key`, or the key where only one type has it' }],
      run: showOne,
    },
    {
      name: 'usage',
      summary: 'Show what one snapshot takes by itself, without what it stands on.',
      arguments: [{ name: '<name>', description: '`type/key`, or the key where only one type has it' }],
      run: async (invocation) => {
        const { name, type, key } = await find(invocation);
        const usage = await invocation.client.snapshots.usage({ type, key }, invocation.signal);
        show(invocation, USAGE, { name, ...usage });
      },
    },
    {
      name: 'tree',
      summary: 'Show what stands on what.',
      run: async (invocation) => {
        const tree = snapshotTree(await all(invocation));
        if (isForPeople(invocation.global.output)) invocation.output.result(tree.text);
        else invocation.output.result(tree.nodes);
      },
    },
  ],
};
