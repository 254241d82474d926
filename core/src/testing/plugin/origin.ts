import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Core's package: frames of its built files may name its sources, too. */
const CORE = fileURLToPath(new URL('../../..', import.meta.url));
const INNERMOST_FRAMES = 60;
const LIBRARY = `${sep}node_modules${sep}`;
const RUNNER = /[\\/]node_modules[\\/](@vitest|vitest|vite|tinypool)[\\/]/;
/** Who looks, at the top of each stack. */
const WATCHES = /[\\/]testing[\\/]plugin[\\/](origin|(resource-|file-|process-)?watch)\.[jt]s$/;
const KIT = /[\\/]testing[\\/]plugin[\\/](subject|life|import-probe)\.[jt]s$/;
/** What the command line of a process has as its program. */
const EVALUATED = `${sep}[eval`;
/** What calls a plugin here; who calls these in turn is no plugin's doing. */
const CALLERS = /[\\/]testing[\\/]plugin[\\/](subject|life)\.[jt]s$/;

/** Where somebody's code did something: `start in src/counter.ts:12:5`. */
export type Origin = string;

/** The stack of whoever calls, without this function. */
export function stackHere(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = INNERMOST_FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return stack.slice(stack.indexOf('\n') + 1);
}

/** The innermost frame of a stack that is neither Node's, nor core's, nor a library's; undefined where there is none. */
export function ownFrame(stack: string): Origin | undefined {
  for (const line of stack.split('\n')) {
    const frame = readFrame(line);
    if (frame !== undefined && isOfCore(frame.file, CALLERS)) return undefined;
    if (frame !== undefined && isOwn(frame.file)) return wordsFor(frame);
  }
  return undefined;
}

/** The innermost frame whosever it is, where that is not the test runner; for what no plugin's own code stands behind. */
export function nearestFrame(stack: string): Origin | undefined {
  const frame = innermost(stack);
  if (frame === undefined || RUNNER.test(frame.file) || isOfCore(frame.file, KIT)) return undefined;
  return frame.file.includes(EVALUATED) ? undefined : wordsFor(frame);
}

/** What of Node stands in a stack before whoever has called it. */
export function nodeFrames(stack: string): string {
  const lines = stack.split('\n');
  const caller = lines.findIndex((line) => {
    const frame = readFrame(line);
    return frame !== undefined && !isOfCore(frame.file, WATCHES);
  });
  return lines.slice(0, caller === -1 ? undefined : caller).join('\n');
}

/** Whether it is a library that calls; the test runner stands between where it has put its own in the place of Node's. */
export const isByLibrary = (stack: string): boolean => innermost(stack, RUNNER)?.file.includes(LIBRARY) ?? false;

function innermost(stack: string, but?: RegExp): Frame | undefined {
  for (const line of stack.split('\n')) {
    const frame = readFrame(line);
    if (frame !== undefined && !isOfCore(frame.file, WATCHES) && but?.test(frame.file) !== true) return frame;
  }
  return undefined;
}

const isOfCore = (file: string, names: RegExp): boolean => file.startsWith(CORE) && names.test(file);

const wordsFor = ({ name, file, at }: Frame): Origin => `${name}${relative(process.cwd(), file)}:${at}`;

interface Frame {
  /** `start in `; empty at the top of a module. */
  readonly name: string;
  readonly file: string;
  /** Line and column. */
  readonly at: string;
}

/** `    at async start (file:///a/b.ts:12:5)`, `    at /a/b.ts:12:5` */
function readFrame(line: string): Frame | undefined {
  const [, name = '', place = '', at = ''] = /^ +at (?:(.*) \()?(.+?):(\d+:\d+)\)?$/.exec(line) ?? [];
  if (place === '' || place.startsWith('node:')) return undefined;
  const file = (place.startsWith('file:') ? fileURLToPath(place) : place).replace(/\?.*$/, '');
  const said = name
    .replace(/^async /, '')
    .replace(/ \[as .*\]$/, '')
    .replace(/^(Object|Module|Function|Immediate|Timeout|AbortSignal)\./, '');
  return { name: said === '' || said === '<anonymous>' ? '' : `${said} in `, file, at };
}

function isOwn(file: string): boolean {
  if (!file.startsWith(sep) || file.includes(LIBRARY) || file.includes(EVALUATED)) return false;
  // Plugins that core's own tests make up are nobody else's.
  return !file.startsWith(CORE) || /\.(test|fixture)\.[cm]?[jt]s$/.test(file);
}
