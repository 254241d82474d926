import type { Command } from 'commander';
import type { SignalSource } from '../agent/run-agent.ts';
import type { Client } from '../api/client.ts';
import { openClient } from '../api/open-client.ts';
import { systemClock } from '../context/index.ts';
import { HawserError, toHawserError } from '../errors/index.ts';
import { nearest } from '../plugin/nearest.ts';
import { type Assembly, loadNamed } from './assembly.ts';
import type { GlobalOptions, Invocation } from './command.ts';
import { cliErrors } from './errors.ts';
import { coreCommands } from './commands/index.ts';
import { complete } from './complete.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { asFormat, GLOBALS, isForPeople, readGlobals } from './globals.ts';
import { openOutput } from './output.ts';
import { buildProgram, parse, type Parsed } from './program.ts';
import { assertWritten, isPipeClosed, outputFailed, type ResultStream, standardOutput, whenTaken } from './standard-output.ts';
import { styleOf } from './style.ts';
import { visible, visibleJson } from './visible.ts';

/** What of the process a command line touches; tests bring their own. */
export interface CliProcess extends SignalSource {
  readonly env: NodeJS.ProcessEnv;
  exit(code: number): never;
  readonly stdout: ResultStream;
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * The `hawser` command for an assembly: reads the words, runs the command, prints what it yields. Resolves with the
 * exit code; never rejects.
 *
 * ```ts
 * process.exit(await hawserMain({ name: 'my-agent', version: '1.0.0', plugins }, process.argv.slice(2)));
 * ```
 */
export async function hawserMain(assembly: Assembly, argv: readonly string[], real: CliProcess = process): Promise<number> {
  const stdout = standardOutput(real.stdout);
  const host = withStdout(real, stdout);
  // `hawser events | head` has what it wanted when the pipe closes.
  stdout.once('error', (error) => {
    if (!isPipeClosed(error)) host.stderr.write(renderError(outputFailed(error), formatOf(argv)));
    host.exit(isPipeClosed(error) ? EXIT.done : EXIT.failed);
  });
  try {
    const code = await run(assembly, argv, host);
    await (code > SIGNALLED ? Promise.race([whenTaken(stdout), patience()]) : whenTaken(stdout));
    assertWritten(stdout);
    return code;
  } catch (thrown) {
    const error = toHawserError(thrown);
    host.stderr.write(renderError(error, formatOf(argv)));
    await whenTaken(stdout);
    return exitCodeOf(error);
  }
}

const withStdout = (real: CliProcess, stdout: ResultStream): CliProcess => ({
  env: real.env,
  stdout,
  stderr: real.stderr,
  exit: (code) => real.exit(code),
  on: (name, listener) => real.on(name, listener),
  off: (name, listener) => real.off(name, listener),
});

async function run(assembly: Assembly, argv: readonly string[], host: CliProcess): Promise<number> {
  let parsed: Parsed | undefined;
  const commands = await loadNamed([...coreCommands(assembly), ...(assembly.commands ?? [])], argv);
  const program = buildProgram({
    name: 'hawser',
    version: assembly.version,
    summary: `${assembly.name}: moors pods to networks.`,
    globals: GLOBALS,
    commands,
    write: (text) => void host.stdout.write(text),
    // A program reads one object there.
    writeError: (text) => void (isForPeople(formatOf(argv)) && host.stderr.write(text)),
    onCommand: (found) => (parsed = found),
  });
  if (argv[0] === 'complete' && argv[1] === '--') {
    await complete(program, commands, argv.slice(2));
    return EXIT.done;
  }
  const topic = argv[0] === 'help' ? argv[1] : argv.includes('--help') || argv.includes('-h') ? argv[0] : undefined;
  if (topic !== undefined) checkHelpTopic(program, topic);
  if (!(await parse(program, argv)) || parsed === undefined) return EXIT.done;
  const globals = await readGlobals(program.opts(), { env: host.env, isTTY: host.stdout.isTTY === true });
  return runCommand(parsed, globals, host);
}

/** Commander would show the general help. */
function checkHelpTopic(program: Command, name: string): void {
  const names = program.commands.map((command) => command.name());
  if (names.includes(name) || name === 'help' || name.startsWith('-')) return;
  const near = nearest(name, names);
  throw cliErrors.unknownCommand(`unknown command '${name}'${near === undefined ? '' : ` (Did you mean ${near}?)`}`);
}

async function runCommand({ spec, arguments: values, options }: Parsed, global: GlobalOptions, host: CliProcess): Promise<number> {
  using interruption = watchInterruption(host);
  const output = await openOutput(global.output, host, styleOf(global.color));
  let client: Client | undefined;
  const invocation: Invocation = {
    arguments: values,
    options,
    global,
    signal: interruption.signal,
    output,
    get client() {
      const { socket, namespace } = global;
      return (client ??= openClient({ socket, ...(namespace === undefined ? {} : { namespace }) }));
    },
  };
  try {
    return (await spec.run?.(invocation)) ?? EXIT.done;
  } catch (error) {
    if (interruption.signal.aborted && !(error instanceof HawserError && error.kind !== 'Cancelled')) return interruption.exitCode();
    if (client === undefined || !(error instanceof TypeError)) throw error;
    const { explainAnswer } = await import('./other-version.ts');
    throw await explainAnswer(error, client, global.socket);
  }
}

/** Exit codes of who was ended by a signal lie behind it. */
const SIGNALLED = 128;

/** Who is told to end does, also where nobody reads what it has printed; who reads gets the end of the last line. */
const patience = (): Promise<void> => systemClock.sleep(1_000, new AbortController().signal);

interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  exitCode(): number;
}

const ENDS = ['SIGINT', 'SIGTERM'] as const;

/**
 * The first SIGINT or SIGTERM asks the command to end, the second of its kind ends it. One of each is one wish: a terminal's Ctrl-C
 * reaches a process directly and, as SIGTERM, by way of the one that has started it.
 */
function watchInterruption(host: CliProcess): Interruption {
  const controller = new AbortController();
  const heard = new Set<NodeJS.Signals>();
  let exitCode: number = EXIT.done;
  const onSignal = (signal: NodeJS.Signals) => {
    const code = signal === 'SIGINT' ? 130 : 143;
    if (heard.has(signal)) host.exit(code);
    if (heard.size === 0) exitCode = code;
    heard.add(signal);
    controller.abort(new DOMException(`received ${signal}`, 'AbortError'));
  };
  for (const name of ENDS) host.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    [Symbol.dispose]: () => {
      for (const name of ENDS) host.off(name, onSignal);
    },
  };
}

/** One line for people, an object for programs. */
function renderError({ code, message, remedy, details }: HawserError, format: GlobalOptions['output']): string {
  if (!isForPeople(format)) return visibleJson(`${JSON.stringify({ error: { code, message, remedy, details } })}\n`);
  return visible(`hawser: ${message} [${code}]. ${remedy}\n`);
}

/** The output format as far as it can be told from words that may be wrong. */
function formatOf(argv: readonly string[]): GlobalOptions['output'] {
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const joined = argv.find((word) => word.startsWith('--output=') || /^-o./.test(word));
  return asFormat(at >= 0 ? argv[at + 1] : joined?.replace(/^(--output=|-o=?)/, ''));
}
