import type { Client } from '../api/client.ts';
import type { JsonValue } from '../json.ts';

/** One option of a command, in commander's notation: `--bin-dir <dir>`, `-f, --follow`. */
export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly default?: string | boolean;
  readonly required?: boolean;
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
}

/** A positional argument, in commander's notation: `<id>`, `[filter...]`. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** What a shell offers to complete it; anything else may stand there too. */
  offers?(): Promise<readonly string[]>;
}

/** A command that an assembly adds to `hawser`, or that core brings. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly commands?: readonly CommandSpec[];
  /** Examples for the help text: a command line and what it does. */
  readonly examples?: readonly (readonly [line: string, what: string])[];
  /** The exit code; 0 where nothing is returned. Throws HawserErrors, which the command line renders. */
  run?(invocation: Invocation): Promise<number | void>;
}

/** What a command gets when it runs. */
export interface Invocation {
  readonly arguments: readonly (string | readonly string[] | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly global: GlobalOptions;
  /** Aborts at SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly output: Output;
  /** The agent at the socket; connecting is lazy, and `api.no_agent` is what a call throws when there is none. */
  readonly client: Client;
}

/** Options that stand before or after every command, with their defaults. */
export interface GlobalOptions {
  readonly config: string;
  readonly socket: string;
  /** Of what is listed, shown or changed; that of the agent's own things, `default`, unless told. */
  readonly namespace?: string;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
  readonly logLevel: string;
  readonly color: boolean;
}

/** Results go to standard output, everything else to standard error. */
export interface Output {
  /** One result: a table for people, the value itself for programs. */
  result(value: JsonValue, table?: Table): void;
  /** One item of a stream: a line for people, one JSON object a line for programs. */
  item(value: JsonValue, line: string): void;
  /** Resolves when there is room for more items: who reads them may be slow. */
  taken(signal: AbortSignal): Promise<void>;
  /** Progress and remarks, to standard error. */
  note(text: string): void;
  /** Shows a spinner on a terminal while the work goes on. */
  progress<T>(text: string, work: () => Promise<T>): Promise<T>;
}

/** Cells for people; no columns: rows without a heading. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
