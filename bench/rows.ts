import type { Summary } from './statistics.ts';

/** One line of the report. */
export interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'MB';
  readonly ours: Summary;
  readonly reference?: Summary;
  /** The most that ours may be: times the reference's median, or in the row's unit where there is no reference. */
  readonly target?: { readonly ratio: number } | { readonly atMost: number };
}

/** Ours by the reference's, by medians. */
export function ratio({ ours, reference }: Row): number | undefined {
  return reference === undefined ? undefined : ours.median / reference.median;
}

/** Whether the target is met; undefined where there is none, or nothing to compare with. */
export function met(row: Row): boolean | undefined {
  const { target } = row;
  if (target === undefined) return undefined;
  if ('atMost' in target) return row.ours.median <= target.atMost;
  const actual = ratio(row);
  return actual === undefined ? undefined : actual <= target.ratio;
}

const COLUMNS = ['', 'ours', 'p90', 'reference', 'p90', 'ratio', 'target', ''];

/** The report as a table for people. */
export function render(rows: readonly Row[]): string {
  const cells = [COLUMNS, ...rows.map(cellsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf(row: Row): readonly string[] {
  const { name, unit, ours, reference, target } = row;
  const value = (of: number | undefined): string => (of === undefined ? '-' : `${of.toFixed(of < 10 ? 2 : 1)} ${unit}`);
  const wanted = target === undefined ? '' : 'ratio' in target ? `≤ ${target.ratio}×` : `≤ ${target.atMost} ${unit}`;
  const verdict = { true: 'pass', false: 'FAIL', undefined: '' }[String(met(row))] ?? '';
  return [
    name,
    value(ours.median),
    value(ours.p90),
    value(reference?.median),
    value(reference?.p90),
    ratio(row)?.toFixed(2).concat('×') ?? '',
    wanted,
    verdict,
  ];
}
