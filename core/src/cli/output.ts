import { systemClock, untilAborted } from '../context/index.ts';
import type { JsonValue } from '../json.ts';
import type { GlobalOptions, Output } from './command.ts';
import { isForPeople } from './globals.ts';
import { type ResultStream, whenTaken } from './standard-output.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';
import { visible, visibleJson, visibleLine } from './visible.ts';

/** Where a command's words go. */
export interface Streams {
  readonly stdout: Pick<ResultStream, 'write' | 'writableLength'>;
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** A terminal that calls itself dumb can't take back what stands there. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Of a stream of items, before the next ones are fetched. */
const MOST_WAITING = 65_536;
const FRAME_MS = 80;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Renders results in the format asked for. YAML is loaded only where it is wanted. */
export async function openOutput(format: GlobalOptions['output'], streams: Streams, style: Style): Promise<Output> {
  const { stringify } = format === 'yaml' ? await import('yaml') : { stringify: String };
  const forPeople = isForPeople(format);
  const canSpin = forPeople && streams.stderr.isTTY === true && streams.env['TERM'] !== 'dumb';
  const write = (text: string) => void streams.stdout.write(text);
  return {
    result: (value, table) => {
      if (forPeople) write(table === undefined ? plain(value) : renderTable(table, style));
      else write(visibleJson(format === 'yaml' ? stringify(value) : `${JSON.stringify(value, null, 2)}\n`));
    },
    item: (value, line) => {
      if (forPeople) write(`${visibleLine(line)}\n`);
      else write(visibleJson(format === 'yaml' ? `---\n${stringify(value)}` : `${JSON.stringify(value)}\n`));
    },
    taken: async (signal) => {
      if ((streams.stdout.writableLength ?? 0) > MOST_WAITING) await untilAborted(whenTaken(streams.stdout), signal);
    },
    note: (text) => void streams.stderr.write(`${visible(text)}\n`),
    progress: (text, work) => (canSpin ? spin(text, work, streams, style) : work()),
  };
}

/** A value without a table: text as it is, the fields of an object one a line. */
function plain(value: JsonValue): string {
  if (typeof value === 'string') return visible(value.endsWith('\n') ? value : `${value}\n`);
  return visibleJson(`${JSON.stringify(value, null, 2)}\n`);
}

async function spin<T>(text: string, work: () => Promise<T>, { stderr }: Streams, style: Style): Promise<T> {
  let timer: Disposable | undefined;
  const draw = (frame: number): void => {
    stderr.write(`\r${style.dim(FRAMES[frame % FRAMES.length] ?? '')} ${text}`);
    timer = systemClock.timer(FRAME_MS, () => draw(frame + 1));
  };
  draw(0);
  try {
    return await work();
  } finally {
    timer?.[Symbol.dispose]();
    stderr.write('\r\u001b[2K');
  }
}
