export { durationOption, flag, listArgument, listOption, optionalArgument, pairsOption, textArgument, textOption } from './arguments.ts';
export type { Assembly, LazyCommand } from './assembly.ts';
export type { ArgumentSpec, CommandSpec, GlobalOptions, Invocation, OptionSpec, Output, Table } from './command.ts';
export { cliErrors } from './errors.ts';
export { EXIT } from './exit-code.ts';
export { type CliProcess, hawserMain } from './hawser-main.ts';
export { type Column, list, type Listing, show } from './view.ts';
export { packageVersion } from '../version.ts';
