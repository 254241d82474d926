import { contentsText } from '../../metadata/namespace-contents.ts';
import type { Namespace, NamespaceContent } from '../../metadata/namespaces.ts';
import { listArgument, pairs, pairsOption, textArgument } from '../arguments.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { type Column, labelsText, show } from '../view.ts';
import { FILTERS, listPages, PAGES } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const COLUMNS: readonly Column<Namespace>[] = [
  ['NAME', (namespace) => namespace.name],
  ['LABELS', (namespace) => labelsText(namespace.labels)],
];

const WITH_CONTENTS: readonly Column<Namespace & { readonly contents: readonly NamespaceContent[] }>[] = [
  ...COLUMNS,
  ['HOLDS', ({ contents }) => (contents.length === 0 ? 'nothing' : contentsText(contents))],
];

const NAME = { name: '<name>', description: "the namespace's name" };

async function showOne(invocation: Invocation): Promise<void> {
  const { namespaces } = invocation.client;
  const name = textArgument(invocation, 0);
  const namespace = await namespaces.get(name, invocation.signal);
  show(invocation, WITH_CONTENTS, { ...namespace, contents: await namespaces.contents(name, invocation.signal) });
}

async function create(invocation: Invocation): Promise<void> {
  const labels = pairsOption(invocation, 'label');
  show(invocation, COLUMNS, await invocation.client.namespaces.create(textArgument(invocation, 0), labels, invocation.signal));
}

async function label(invocation: Invocation): Promise<void> {
  const labels = pairs(listArgument(invocation, 1), 'a label');
  const fields = Object.keys(labels).map((key) => `labels.${key}`);
  show(invocation, COLUMNS, await invocation.client.namespaces.update(textArgument(invocation, 0), labels, fields, invocation.signal));
}

async function deleteOne(invocation: Invocation): Promise<void> {
  const name = textArgument(invocation, 0);
  await invocation.client.namespaces.delete(name, invocation.signal);
  invocation.output.note(`namespace ${name} is deleted`);
}

export const namespacesCommand: CommandSpec = {
  name: 'namespaces',
  summary: SUMMARIES.namespaces,
  commands: [
    {
      name: 'ls',
      summary: 'List namespaces.',
      arguments: [FILTERS],
      options: PAGES,
      examples: [['hawser namespaces ls labels.team==net', 'namespaces with a label']],
      run: (invocation) => listPages(invocation, { columns: COLUMNS }, invocation.client.namespaces, (namespace) => namespace),
    },
    { name: 'show', summary: 'Show one namespace, with what the stores hold in it.', arguments: [NAME], run: showOne },
    {
      name: 'create',
      summary: 'Make a namespace.',
      arguments: [NAME],
      options: [{ flags: '--label <key=value>', description: 'a label; may be repeated', repeatable: true }],
      examples: [
        ['hawser namespaces create staging --label team=net', 'a namespace with a label'],
        ['hawser --namespace staging leases create build', 'a lease in it'],
      ],
      run: create,
    },
    {
      name: 'label',
      summary: 'Change labels of a namespace; the others stay.',
      arguments: [NAME, { name: '<key=value...>', description: 'labels; one without a value is deleted' }],
      examples: [['hawser namespaces label staging team=ops ticket=', 'one label changed, one deleted']],
      run: label,
    },
    {
      name: 'delete',
      summary: 'Delete a namespace that holds nothing; else it says what is in the way.',
      arguments: [NAME],
      run: deleteOne,
    },
  ],
};
