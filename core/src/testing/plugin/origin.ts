import { extname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Core's own sources, or its built files. */
const CORE = fileURLToPath(new URL('../..', import.meta.url));
const INNERMOST_FRAMES = 60;
const LIBRARY = `${sep}node_modules${sep}`;
/** Who looks, at the top of each stack. */
const WATCHES = /(origin|-watch)\.[jt]s$/;
/** What calls a plugin here; who calls these in turn is no plugin's doing. */
const CALLERS: ReadonlySet<string> = new Set(
  ['subject', 'life'].map((name) => fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url))),
);

/** Where a plugin's own code did something: `start (src/counter.ts:12:5)`. */
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
    if (frame !== undefined && CALLERS.has(frame.file)) return undefined;
    if (frame !== undefined && isOwn(frame.file)) return `${frame.name}${relative(process.cwd(), frame.file)}:${frame.at}`;
  }
  return undefined;
}

/** Whether a library stands between a stack's own frame and its top. */
export function isByLibrary(stack: string): boolean {
  const frames = stack.split('\n').map((line) => readFrame(line)?.file);
  return frames.find((file) => file !== undefined && !WATCHES.test(file))?.includes(LIBRARY) ?? false;
}

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
    .replace(/^(Object|Module|Function|Immediate|Timeout)\./, '');
  return { name: said === '' || said === '<anonymous>' ? '' : `${said} in `, file, at };
}

function isOwn(file: string): boolean {
  if (!file.startsWith(sep) || file.includes(LIBRARY) || file.includes(`${sep}[eval`)) return false;
  // Plugins that core's own tests make up are nobody else's.
  return !file.startsWith(CORE) || /\.(test|fixture)\.[cm]?[jt]s$/.test(file);
}
