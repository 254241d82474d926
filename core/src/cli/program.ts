import { Argument, Command, CommanderError, Option } from 'commander';
import type { CommandSpec, OptionSpec } from './command.ts';
import { cliErrors } from './errors.ts';

/** A command that was named on the command line, with what stood behind it; not yet run. */
export interface Parsed {
  readonly spec: CommandSpec;
  readonly arguments: readonly (string | readonly string[] | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly globals: readonly OptionSpec[];
  readonly commands: readonly CommandSpec[];
  /** Help that was asked for. */
  readonly write: (text: string) => void;
  /** Help that was not asked for. */
  readonly writeError: (text: string) => void;
  readonly onCommand: (parsed: Parsed) => void;
}

/** The commands as commander knows them. */
export function buildProgram(options: ProgramOptions): Command {
  const program = new Command(options.name)
    .description(options.summary)
    .version(options.version, '--version', 'print the version of this agent')
    .helpCommand('help [command]', 'explain a command');
  for (const spec of options.globals) program.addOption(toOption(spec));
  prepare(program, options);
  for (const spec of options.commands) program.addCommand(toCommand(spec, options));
  program.addHelpText('after', `\nExit codes: 0 done, 1 failed, 2 wrong usage or invalid config, 3 no agent at the socket, 4 not found.`);
  return program;
}

function toCommand(spec: CommandSpec, options: ProgramOptions): Command {
  const command = new Command(spec.name).description(spec.summary);
  for (const { name, description } of spec.arguments ?? []) command.addArgument(new Argument(name, description));
  for (const option of spec.options ?? []) command.addOption(toOption(option));
  prepare(command, options);
  for (const nested of spec.commands ?? []) command.addCommand(toCommand(nested, options));
  if (spec.run !== undefined) {
    command.action(() => options.onCommand({ spec, arguments: command.processedArgs, options: command.opts() }));
  }
  const lines = (spec.examples ?? []).map(([line, what]) => `  $ ${line}\n      ${what}`);
  if (lines.length > 0) command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  if (spec.commands === undefined)
    command.addHelpText('after', '\nThe global options of `hawser --help` may stand before or after the command.');
  return command;
}

function prepare(command: Command, { write, writeError }: ProgramOptions): void {
  command.exitOverride().configureOutput({ writeOut: write, writeErr: writeError, outputError: () => undefined });
}

function toOption({ flags, description, default: value, required, repeatable, choices }: OptionSpec): Option {
  const option = new Option(flags, description);
  if (value !== undefined) option.default(value);
  if (required === true) option.makeOptionMandatory();
  if (choices !== undefined) option.choices([...choices]);
  // Commander's own variadic options swallow the arguments behind them.
  if (repeatable === true) option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  return option;
}

/** Parses; throws the catalogue's error for wrong usage. False: help or version was printed, there is nothing to run. */
export async function parse(program: Command, argv: readonly string[]): Promise<boolean> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    throw asUsageError(error);
  }
}

function asUsageError(error: CommanderError): Error {
  if (error.code === 'commander.help') return cliErrors.usage('a command is missing', { cause: error });
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  const make = error.code === 'commander.unknownCommand' ? cliErrors.unknownCommand : cliErrors.usage;
  return make(message, { cause: error });
}
