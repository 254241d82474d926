import type { MetricLabels } from '@hawser/core/contracts';

/** What a value that came too late for a place of its own is counted under. */
const OTHER = 'other';
const MAX_LENGTH = 128;

export interface LabelBoundsOptions {
  readonly names: readonly string[];
  /** Different values of one label. */
  readonly maxValues: number;
  /** Different combinations of values. */
  readonly maxSeries: number;
  /** Called at the first value that finds no place; once. */
  readonly overflowed: (label: string | undefined) => void;
}

/**
 * Bounds the series of one metric, whatever is recorded: a label has at most `maxValues` values beside `other`, and the metric at
 * most `maxSeries` series beside the one that has nothing but `other`. Each combination is made once.
 */
export class LabelBounds<Series> {
  readonly #options: LabelBoundsOptions;
  readonly #make: (labels: MetricLabels) => Series;
  readonly #values: ReadonlyMap<string, Set<string>>;
  readonly #series = new Map<string, Series>();
  #frozen = new WeakMap<MetricLabels, Series>();
  #told = false;

  constructor(options: LabelBoundsOptions, make: (labels: MetricLabels) => Series) {
    this.#options = options;
    this.#make = make;
    this.#values = new Map(options.names.map((name) => [name, new Set<string>()]));
  }

  /**
   * The series of these values. A label that is missing is empty; one that was not declared is dropped. Labels that are frozen
   * are looked up by their object.
   */
  at(labels: MetricLabels | undefined): Series {
    if (labels === undefined || !Object.isFrozen(labels)) return this.#find(labels);
    const known = this.#frozen.get(labels);
    if (known !== undefined) return known;
    const found = this.#find(labels);
    this.#frozen.set(labels, found);
    return found;
  }

  #find(labels: MetricLabels | undefined): Series {
    const key = this.#key(labels);
    return this.#series.get(key) ?? this.#admit(labels ?? {});
  }

  /** Every series that has been made. */
  all(): Iterable<Series> {
    return this.#series.values();
  }

  /** Makes every place free. */
  clear(): void {
    this.#series.clear();
    this.#frozen = new WeakMap();
    for (const values of this.#values.values()) values.clear();
  }

  #key(labels: MetricLabels | undefined): string {
    let key = '';
    for (const name of this.#options.names) key += `${labels?.[name] ?? ''}\0`;
    return key;
  }

  #admit(labels: MetricLabels): Series {
    const { names, maxSeries } = this.#options;
    const bounded = Object.fromEntries(names.map((name) => [name, this.#bounded(name, labels[name] ?? '')]));
    const known = this.#series.get(this.#key(bounded));
    if (known !== undefined) return known;
    if (this.#series.size >= maxSeries) return this.#overflow();
    return this.#keep(bounded);
  }

  #bounded(name: string, value: string): string {
    const values = this.#values.get(name);
    const text = value.slice(0, MAX_LENGTH);
    if (values === undefined || values.has(text) || text === OTHER) return text;
    if (values.size < this.#options.maxValues) {
      values.add(text);
      return text;
    }
    this.#tell(name);
    return OTHER;
  }

  #overflow(): Series {
    this.#tell(undefined);
    const labels = Object.fromEntries(this.#options.names.map((name) => [name, OTHER]));
    return this.#series.get(this.#key(labels)) ?? this.#keep(labels);
  }

  #keep(labels: MetricLabels): Series {
    const series = this.#make(labels);
    this.#series.set(this.#key(labels), series);
    return series;
  }

  #tell(label: string | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.overflowed(label);
  }
}
