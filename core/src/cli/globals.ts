import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import type { GlobalOptions, OptionSpec } from './command.ts';
import { cliErrors } from './errors.ts';

export const DEFAULT_CONFIG = '/etc/hawser/config.toml';
const DEFAULT_STATE = '/run/hawser';
const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Options that stand before or after every command. */
export const GLOBALS: readonly OptionSpec[] = [
  { flags: '--config <file>', description: `config file (default: ${DEFAULT_CONFIG})` },
  { flags: '--socket <path>', description: "the agent's socket (default: hawser.sock in the config's state folder)" },
  { flags: '-o, --output <format>', description: 'how results are printed', choices: FORMATS, default: 'table' },
  { flags: '--log-level <level>', description: "how much the agent's log says", choices: LEVELS, default: 'info' },
  { flags: '--no-color', description: 'no colours (also NO_COLOR)' },
];

/** What commander made of `GLOBALS`. */
export interface RawGlobals {
  readonly config?: string;
  readonly socket?: string;
  readonly output?: string;
  readonly logLevel?: string;
  readonly color?: boolean;
}

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

export interface Globals extends GlobalOptions {
  /** Whether the config file was named; one that was must be there. */
  readonly configNamed: boolean;
}

/** The global options with their defaults. The socket is looked up in the config only when somebody asks for it. */
export function readGlobals(raw: RawGlobals, { env, isTTY }: Terminal): Globals {
  const config = raw.config ?? DEFAULT_CONFIG;
  return {
    config,
    configNamed: raw.config !== undefined,
    get socket() {
      return raw.socket ?? join(stateFolder(config, raw.config !== undefined), 'hawser.sock');
    },
    output: asFormat(raw.output),
    logLevel: raw.logLevel ?? 'info',
    color: raw.color !== false && (env['NO_COLOR'] ?? '') === '' && isTTY,
  };
}

/** Options that go wrong before they are parsed still decide how that is told. */
export const asFormat = (text: string | undefined): GlobalOptions['output'] => FORMATS.find((format) => format === text) ?? 'table';

/**
 * Where the config puts the state folder. Reads no more than the file itself, so that commands to a running agent
 * stay quick and work while somebody edits the rest of it.
 */
function stateFolder(file: string, named: boolean): string {
  const text = readConfig(file, named);
  const line = text === undefined ? undefined : topLevel(text, file)['state'];
  return typeof line === 'string' ? line : DEFAULT_STATE;
}

function readConfig(file: string, named: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!named) return undefined;
    throw cliErrors.invalidValue(`the config file ${file} can't be read`, { cause: error, remedy: 'Name a file that is there, or leave --config out.' });
  }
}

function topLevel(text: string, file: string): Readonly<Record<string, unknown>> {
  const { parse }: typeof import('smol-toml') = createRequire(import.meta.url)('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    throw cliErrors.invalidValue(`the config file ${file} is not TOML`, { cause: error, remedy: 'See what is wrong with `hawser config check`, or name the socket with --socket.' });
  }
}
