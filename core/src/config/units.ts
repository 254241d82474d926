/** Units of one measure, in terms of its base. */
export interface Units {
  /** `ms` or `B`; schemas carry it as `unit`. */
  readonly base: string;
  readonly factors: Readonly<Record<string, number>>;
}

/** Units of durations; the base is the millisecond. */
export const durationUnits: Units = { base: 'ms', factors: { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } };
/** Units of sizes; the base is the byte. */
export const sizeUnits: Units = {
  base: 'B',
  factors: { B: 1, kB: 1e3, KiB: 2 ** 10, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30, TB: 1e12, TiB: 2 ** 40 },
};

/** The sum of `<number><unit>` parts, or undefined where the text is anything else or too large to be exact. */
export function readMeasure(text: string, { factors }: Units): number | undefined {
  if (text.length > 64 || !/^(\d+(\.\d+)?[A-Za-z]+)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)([A-Za-z]+)/g)) {
    const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined;
    if (factor === undefined) return undefined;
    total += Number(amount) * factor;
  }
  const rounded = Math.round(total);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** A whole number of the base as text, in the unit that takes the fewest digits without a remainder. */
export function writeMeasure(value: number, { base, factors }: Units): string {
  if (value === 0) return `0${base}`;
  const fitting = Object.entries(factors).filter(([, factor]) => value % factor === 0);
  const [unit, factor] = fitting.reduce((best, one) => (one[1] > best[1] ? one : best), [base, 1] as const);
  return `${value / factor}${unit}`;
}

/** The units that a schema's `unit` names. */
export function unitsOf(base: unknown): Units | undefined {
  return [durationUnits, sizeUnits].find((units) => units.base === base);
}
