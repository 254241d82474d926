import stringWidth from 'fast-string-width';
import type { Table } from './command.ts';
import type { Style } from './style.ts';
import { visibleLine } from './visible.ts';

/** Columns aligned by spaces, the names of the columns above: what people and `awk` can read alike. */
export function renderTable({ columns, rows }: Table, style: Style): string {
  const lines = rows.map((row) => row.map((cell) => (cell === '' ? '-' : visibleLine(cell))));
  if (columns.length > 0) lines.unshift(columns.map((name) => style.bold(name)));
  const widths: number[] = [];
  for (const line of lines) for (const [at, cell] of line.entries()) widths[at] = Math.max(widths[at] ?? 0, stringWidth(cell));
  const padded = (cell: string, at: number): string => cell + ' '.repeat((widths[at] ?? 0) - stringWidth(cell));
  return lines.map((line) => `${line.map(padded).join('  ').trimEnd()}\n`).join('');
}
