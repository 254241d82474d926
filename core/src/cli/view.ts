import type { JsonObject } from '../json.ts';
import type { Invocation } from './command.ts';

/** A column: its name and the cell of a record. */
export type Column<T> = readonly [name: string, cell: (record: T) => string | undefined];

/** A listing: which columns people see, and which more with `-o wide`. */
export interface Listing<T> {
  readonly columns: readonly Column<T>[];
  readonly wide?: readonly Column<T>[];
}

/** A record as plain JSON; dates and numbers are that already, so this only takes the contracts' types off. */
export const toJson = (record: object): JsonObject => JSON.parse(JSON.stringify(record)) as JsonObject;

/** Prints records, as a table or for programs. */
export function list<T extends object>({ output, global }: Invocation, { columns, wide = [] }: Listing<T>, records: readonly T[]): void {
  const shown = global.output === 'wide' ? [...columns, ...wide] : columns;
  output.result(records.map(toJson), {
    columns: shown.map(([name]) => name),
    rows: records.map((record) => shown.map(([, cell]) => cell(record) ?? '')),
  });
}

/** Prints one record: a line a field for people. */
export function show<T extends object>({ output }: Invocation, columns: readonly Column<T>[], record: T): void {
  const rows = columns.flatMap(([name, cell]) => {
    const text = cell(record);
    return text === undefined ? [] : [[`${name}:`, text]];
  });
  output.result(toJson(record), { columns: [], rows });
}

/** `a=b,c=d`. */
export const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
