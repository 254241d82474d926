import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { variablesIn } from '../config/variable.ts';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { isIdentifier } from '../metadata/identifiers.ts';
import type { GlobalOptions, OptionSpec } from './command.ts';
import { cliErrors } from './errors.ts';

/** Where the config is unless told; only this one may be missing. */
export const DEFAULT_CONFIG = '/etc/hawser/config.toml';
const DEFAULT_STATE = '/run/hawser';
const NAMESPACE_VARIABLE = 'HAWSER_NAMESPACE';
const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Options that stand before or after every command. */
export const GLOBALS: readonly OptionSpec[] = [
  { flags: '--config <file>', description: `config file (default: ${DEFAULT_CONFIG})` },
  { flags: '--socket <path>', description: "the agent's socket (default: hawser.sock in the config's state folder)" },
  {
    flags: '--namespace <name>',
    description: 'the namespace of what is listed, shown or changed (also HAWSER_NAMESPACE; default: default)',
  },
  { flags: '-o, --output <format>', description: 'how results are printed', choices: FORMATS, default: 'table' },
  { flags: '--log-level <level>', description: "how much the agent's log says", choices: LEVELS, default: 'info' },
  { flags: '--no-color', description: 'no colours (also NO_COLOR, or TERM=dumb)' },
];

/** What commander made of `GLOBALS`. */
export interface RawGlobals {
  readonly config?: string;
  readonly socket?: string;
  readonly namespace?: string;
  readonly output?: string;
  readonly logLevel?: string;
  readonly color?: boolean;
}

/** What of the terminal decides about colour. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

/**
 * The global options with their defaults. Where the socket is to be looked up in the config and can't be, the error is
 * thrown when somebody asks for it: most commands that don't are about the config.
 */
export async function readGlobals(raw: RawGlobals, { env, isTTY }: Terminal): Promise<GlobalOptions> {
  for (const [name, path] of [
    ['--config', raw.config],
    ['--socket', raw.socket],
  ] as const) {
    if (path === '') throw cliErrors.usage(`${name} is empty`, { remedy: 'Name a path, or leave the option out.' });
  }
  const namespace = namespaceOf(raw, env);
  const config = raw.config ?? DEFAULT_CONFIG;
  const socket = await findSocket(raw.socket, config, env);
  return {
    config,
    get socket() {
      if (typeof socket === 'string') return socket;
      throw socket;
    },
    ...(namespace === undefined ? {} : { namespace }),
    output: asFormat(raw.output),
    logLevel: raw.logLevel ?? 'info',
    color: raw.color !== false && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && isTTY,
  };
}

/** An option says more than a variable, of which nothing is as good as none. */
function namespaceOf({ namespace }: RawGlobals, env: Terminal['env']): string | undefined {
  const variable = env[NAMESPACE_VARIABLE] ?? '';
  const [name, where] = namespace === undefined ? [variable, NAMESPACE_VARIABLE] : [namespace, '--namespace'];
  if (namespace === undefined && variable === '') return undefined;
  if (isIdentifier(name)) return name;
  throw cliErrors.usage(`${where}: ${JSON.stringify(name.slice(0, 80))} can't name a namespace`, {
    remedy: 'Name one that `hawser namespaces ls` lists.',
  });
}

async function findSocket(named: string | undefined, config: string, env: Terminal['env']): Promise<string | HawserError> {
  if (named !== undefined) return named;
  try {
    const isUsual = config === DEFAULT_CONFIG;
    const nothingSaid = isUsual && !existsSync(config) && variablesIn(env).length === 0;
    const state = nothingSaid ? undefined : await stateFolderOf(config, isUsual, env);
    return join(state ?? DEFAULT_STATE, 'hawser.sock');
  } catch (thrown) {
    return toHawserError(thrown);
  }
}

/** Only who has a config pays for its parser. */
async function stateFolderOf(config: string, missingOk: boolean, env: Terminal['env']): Promise<string | undefined> {
  const { stateFolder } = await import('../config/state-folder.ts');
  return await stateFolder(config, missingOk, env);
}

/** Whether a format is read by people rather than by programs. */
export const isForPeople = (format: GlobalOptions['output']): boolean => format === 'table' || format === 'wide';

/** Options that go wrong before they are parsed still decide how that is told. */
export const asFormat = (text: string | undefined): GlobalOptions['output'] => FORMATS.find((format) => format === text) ?? 'table';
