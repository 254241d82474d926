import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { defineErrors } from '../errors/index.ts';
import { applyUpdate } from './field-paths.ts';
import { checkIdentifier, isIdentifier } from './identifiers.ts';
import { changeLabels, type Labels, newLabels } from './labels.ts';

const errors = defineErrors('tests', {
  invalidLabels: { kind: 'InvalidArgument', remedy: 'Mend it.' },
  invalidId: { kind: 'InvalidArgument', remedy: 'Mend it.' },
});
const coded = (code: string) => expect.objectContaining({ code });

interface Thing {
  readonly key: string;
  readonly labels: Labels;
  readonly data: { readonly n: number };
}
const thing: Thing = { key: 'k', labels: { a: '1', b: '2' }, data: { n: 1 } };
const update = (changes: Partial<Thing>, ...paths: string[]) =>
  applyUpdate(thing, changes, paths, {
    what: 'a thing',
    mutable: ['labels', 'data'],
    immutable: ['key'],
    invalidLabels: errors.invalidLabels,
  });

test('identifiers have at most 76 characters, letters and digits joined by single dots, dashes or underscores', () => {
  for (const good of ['a', 'A9', 'a.b-c_d', '0', 'a'.repeat(76)]) expect(isIdentifier(good)).toBe(true);
  for (const bad of ['', '.a', 'a.', 'a..b', 'a-_b', 'a b', 'a/b', 'ä', 'a\n', 'a\0', 'a'.repeat(77)])
    expect(isIdentifier(bad)).toBe(false);
  expect(checkIdentifier('a', 'a lease', errors.invalidId)).toBe('a');
  expect(() => checkIdentifier('a'.repeat(1_000_000), 'a lease', errors.invalidId)).toThrow(coded('tests.invalid_id'));
});

test('a label has at most 4096 bytes, key and value together', () => {
  const change = (key: string, value: string) => changeLabels({}, { [key]: value }, errors.invalidLabels);
  expect(change('a', 'x'.repeat(4095))).toHaveProperty('a');
  expect(() => change('a', 'x'.repeat(4096))).toThrow(coded('tests.invalid_labels'));
  expect(() => change('a', 'ä'.repeat(2048))).toThrow(coded('tests.invalid_labels'));
  expect(() => change('', 'x')).toThrow(coded('tests.invalid_labels'));
  expect(() => change('\ud800', 'x')).toThrow(coded('tests.invalid_labels'));
});

test('an empty value deletes a label, or never makes it', () => {
  expect(changeLabels({ a: '1', b: '2' }, { a: '', c: '' }, errors.invalidLabels)).toEqual({ b: '2' });
  expect(newLabels({ a: '1', b: '' }, errors.invalidLabels)).toEqual({ a: '1' });
});

test('the field path `labels` replaces all labels, `labels.<k>` changes one', () => {
  expect(update({ labels: { c: '3' } }, 'labels').labels).toEqual({ c: '3' });
  expect(update({ labels: { a: '9', c: '3' } }, 'labels.a').labels).toEqual({ a: '9', b: '2' });
  expect(update({ labels: { 'x.y': '3' } }, 'labels.x.y').labels).toEqual({ a: '1', b: '2', 'x.y': '3' });
  expect(update({}, 'labels.a').labels).toEqual({ b: '2' });
  expect(update({ labels: { a: '' } }, 'labels.a').labels).toEqual({ b: '2' });
  expect(update({}, 'labels').labels).toEqual({});
  expect(update({ labels: { a: '9' }, data: { n: 2 } }, 'labels.a')).toEqual({ key: 'k', labels: { a: '9', b: '2' }, data: { n: 1 } });
});

test('no field path means all mutable fields', () => {
  expect(update({ labels: { c: '3' }, data: { n: 2 } })).toEqual({ key: 'k', labels: { c: '3' }, data: { n: 2 } });
  expect(update({ data: { n: 2 } })).toEqual({ ...thing, data: { n: 2 } });
  expect(update({})).toEqual(thing);
});

test('an unknown or an immutable field is an invalid argument, and changes nothing', () => {
  for (const path of ['key', 'none', 'data.n', '', 'labels.', 'Labels', 'constructor', '__proto__'])
    expect(() => update({ key: 'other', labels: { a: '9' }, data: { n: 2 } }, 'labels.a', path)).toThrow(
      expect.objectContaining({ kind: 'InvalidArgument' }),
    );
  expect(() => update({}, 'key')).toThrow('the field key of a thing never changes');
  expect(() => update({}, 'none')).toThrow('a thing has no field "none"');
  expect(() => update({}, 'data')).toThrow(coded('metadata.invalid_field_path'));
  expect(thing.labels).toEqual({ a: '1', b: '2' });
});

test('a label is changed alike by its field path and by its name', () => {
  const labels = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.string({ minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(labels, fc.string({ minLength: 1, maxLength: 4 }), fc.string({ maxLength: 4 }), (before, key, value) => {
      const record = { ...thing, labels: before };
      const kind = { what: 'a thing', mutable: ['labels' as const], immutable: [], invalidLabels: errors.invalidLabels };
      expect(applyUpdate(record, { labels: { [key]: value } }, [`labels.${key}`], kind).labels).toEqual(
        changeLabels(before, { [key]: value }, errors.invalidLabels),
      );
    }),
  );
});
