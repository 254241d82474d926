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

/** Thousandths of a millisecond where it has few of them. */
function shown(value: number, unit: Row['unit']): string {
  if (unit === 'ms' && value < 0.1) return `${(value * 1000).toFixed(1)} µs`;
  return `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`;
}

/** The same as a page of the documentation. */
export function markdown(rows: readonly Row[], machine: string): string {
  const [head = [], ...lines] = [['what', ...COLUMNS.slice(1)], ...rows.map(cellsOf)].map((cells) => `| ${cells.join(' | ')} |`);
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --markdown docs/performance.md`: medians and 90th percentiles, ours and a reference in one run on one machine. The reference of pods is the `bridge` plugin with `host-local`; that of the core does the same on containerd’s own packages (bench/README.md). Compare ratios, and only within one run.',
    '',
    head,
    `|${'---|'.repeat(COLUMNS.length)}`,
    ...lines,
    '',
    `Measured on: ${machine}.`,
    '',
  ].join('\n');
}

function cellsOf(row: Row): readonly string[] {
  const { name, unit, ours, reference, target } = row;
  const value = (of: number | undefined): string => (of === undefined ? '-' : shown(of, unit));
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
