import { ifname, identifier } from '@hawser/core';
import * as fc from 'fast-check';
import { dotted, readDotted } from '../../../core/src/config/key-path.ts';
import { defineErrors } from '../../../core/src/errors/index.ts';
import { isCursor } from '../../../core/src/events/cursor.ts';
import { keptByLabels, referencesOf } from '../../../core/src/gc/labels.ts';
import { nodeName, parseNode } from '../../../core/src/gc/node.ts';
import { applyUpdate } from '../../../core/src/metadata/field-paths.ts';
import { isIdentifier } from '../../../core/src/metadata/identifiers.ts';
import { changeLabels, type Labels, newLabels } from '../../../core/src/metadata/labels.ts';
import { checkRefusal, hold, unlessRefused } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const errors = defineErrors('fuzz', { invalidLabels: { kind: 'InvalidArgument', remedy: 'Change the labels.' } });

const PIECES = [
  '.',
  '/',
  '"',
  "'",
  '\\',
  '\\"',
  '\\u0000',
  ' ',
  '\t',
  'labels',
  'labels.',
  'data',
  'id',
  'gc.ref.',
  'gc.bref.thing/',
  'gc.root',
  'gc.expire',
];

/** The small languages of names: identifiers, dotted keys, nodes, cursors, and labels with their field paths. */
export const names: FuzzTarget = {
  name: 'names',
  summary: 'identifiers, dotted keys, node names, link names and cursors: printed they are read as the same',
  format: 'text',
  pieces: [...PIECES, '00000001-000000000002', 'hawser.ipam.v1.range', 'a.b-c_d', 'ä', '\u{1d11e}', '\ud800', '__proto__'],
  grammar: fc.oneof(
    fc.array(fc.string(), { minLength: 1, maxLength: 4 }).map((path) => dotted(path)),
    fc.array(fc.constantFrom('a', 'b1', '.', '_', '-', '/'), { maxLength: 80 }).map((parts) => parts.join('')),
  ),
  runs: 1_500,
  open: () => ({
    attempt(input) {
      const text = input.toString();
      const path = readDotted(text);
      if (path !== undefined) {
        const again = readDotted(dotted(path));
        hold(JSON.stringify(again) === JSON.stringify(path), `printed as ${dotted(path)} it is another key`);
      }
      const node = parseNode(text);
      if (node !== undefined) hold(nodeName(node) === text, 'a node’s name is another one when printed');
      hold(isIdentifier(text) === identifier().safeParse(text).success, 'a setting and the store do not agree on identifiers');
      if (ifname().safeParse(text).success) hold(Buffer.byteLength(text) <= 15 && !/[/:\s\0]/.test(text), 'a link can’t have that name');
      if (isCursor(text)) hold(text.length === 21, 'a cursor of another length');
    },
  }),
};

const label = fc.tuple(fc.oneof(fc.constantFrom(...PIECES), fc.string()), fc.string());

/** Labels as they come from outside, and what is read out of them. */
export const labels: FuzzTarget = {
  name: 'labels',
  summary: 'labels and field paths: bounded, what is not named stays, and references never name who has them',
  format: 'text',
  pieces: [
    ...PIECES.map((piece) => `"${piece.replaceAll(/["\\]/g, '\\$&')}"`),
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"__proto__"',
    '"x".repeat',
    'null',
  ],
  grammar: fc
    .record({
      labels: fc.array(label, { maxLength: 4 }).map(Object.fromEntries),
      update: fc.array(label, { maxLength: 4 }).map(Object.fromEntries),
      fields: fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string()), { maxLength: 3 }),
    })
    .map((value) => JSON.stringify(value)),
  runs: 1_000,
  open: () => ({ attempt: (input) => attemptLabels(input.toString()) }),
};

function attemptLabels(text: string): void {
  const value = asObject(parsed(text));
  const before = unlessRefused('fuzz', () => newLabels(textsIn(value['labels']), errors.invalidLabels));
  if (before === undefined) return;
  const update = textsIn(value['update']);
  const changed = unlessRefused('fuzz', () => changeLabels(before, update, errors.invalidLabels));
  for (const [key, one] of Object.entries(changed ?? {})) {
    hold(one !== '' && Buffer.byteLength(key + one) <= 4_096, 'a label is empty or too long');
    hold(one === (Object.hasOwn(update, key) ? update[key] : before[key]), `the label ${key} is neither as it was nor as it was changed`);
  }
  for (const reference of referencesOf({ type: 'thing', key: 'a' }, changed ?? before))
    hold(nodeName(reference.from) !== nodeName(reference.to), 'a reference of one to itself');
  keptByLabels(changed ?? before, 0);
  attemptUpdate(before, update, Array.isArray(value['fields']) ? value['fields'].map(String) : []);
}

const KIND = { what: 'a record', mutable: ['labels', 'data'] as const, immutable: ['id'], invalidLabels: errors.invalidLabels };

function attemptUpdate(labels: Labels, update: Labels, fields: readonly string[]): void {
  const record = { labels, data: 'before', id: 'id' };
  try {
    const after = applyUpdate(record, { labels: update, data: 'after' }, fields, { ...KIND, mutable: [...KIND.mutable] });
    hold(after.id === 'id', 'what never changes has changed');
    if (fields.length > 0 && !fields.includes('data')) hold(after.data === 'before', 'what is not named has changed');
  } catch (error) {
    if (!errors.invalidLabels.is(error)) checkRefusal(error, 'metadata');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

const textsIn = (value: unknown): Labels =>
  Object.fromEntries(Object.entries(asObject(value)).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])));
