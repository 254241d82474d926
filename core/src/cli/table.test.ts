import { expect, test } from 'vitest';
import { styleOf } from './style.ts';
import { renderTable } from './table.ts';

const plain = styleOf(false);

test('columns are aligned as they are seen, with names, wide letters and what is empty', () => {
  const rows = [
    ['pod-a', '10.88.0.2'],
    ['貨物', ''],
    ['\u001b[1mb\u001b[22m', 'x'],
  ];
  expect(renderTable({ columns: ['NAME', 'ADDRESS'], rows }, plain)).toBe(
    ['NAME   ADDRESS', 'pod-a  10.88.0.2', '貨物   -', '\u001b[1mb\u001b[22m      x', ''].join('\n'),
  );
});

test('rows without names of columns are rows alone, and nothing is nothing', () => {
  expect(renderTable({ columns: [], rows: [['a', 'b']] }, plain)).toBe('a  b\n');
  expect(renderTable({ columns: [], rows: [] }, plain)).toBe('');
});

test('a hundred thousand rows take no longer than their letters', { timeout: 10_000 }, () => {
  const rows = Array.from({ length: 100_000 }, (_, at) => [`snapshot-${at}`, 'committed']);
  expect(renderTable({ columns: ['KEY', 'KIND'], rows }, plain).split('\n')).toHaveLength(100_002);
});
