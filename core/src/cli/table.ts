import CliTable from 'cli-table3';
import type { Table } from './command.ts';
import type { Style } from './style.ts';
import { visible } from './visible.ts';

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
);

/** Columns aligned by spaces, the names of the columns above: what people and `awk` can read alike. */
export function renderTable({ columns, rows }: Table, style: Style): string {
  const table = new CliTable({
    chars: { ...NO_LINES, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: columns.map((name) => style.bold(name)),
  });
  table.push(...rows.map((row) => row.map((cell) => (cell === '' ? '-' : visible(cell)))));
  if (columns.length === 0 && rows.length === 0) return '';
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}
