import { timeText } from '../metadata/rfc3339.ts';
import type { Metadata } from '../metadata/store.ts';
import { isCursor, START } from './cursor.ts';
import { eventErrors } from './errors.ts';
import { readPrunedThrough, readRecords } from './journal.ts';

/** Records looked at in one turn of the event loop. */
const SLICE = 256;

/**
 * What a caller gave as the place to go on from; undefined: the beginning. `events.cursor_expired` where retention has deleted some of
 * what came after it, `events.invalid_cursor` where it is none of this journal.
 */
export function checkPlace(metadata: Metadata, from: string, last: string): string | undefined {
  if (from === START) return undefined;
  if (!isCursor(from)) throw eventErrors.invalidCursor(`'${from.slice(0, 80)}' is no cursor`);
  if (from > last) throw eventErrors.invalidCursor(`the journal ends at ${last}, before ${from}`, { details: { cursor: from, last } });
  const oldest = readPrunedThrough(metadata);
  if (oldest !== undefined && from < oldest) {
    throw eventErrors.cursorExpired(`events after ${from} have been deleted; the oldest cursor to go on from is ${oldest}`, {
      details: { cursor: from, oldest },
    });
  }
  return from;
}

/** The cursor of the last event before a time; looked for from the end, in slices that leave the event loop free. */
export async function cursorAt(metadata: Metadata, time: number, signal: AbortSignal): Promise<string> {
  const limit = timeText(time);
  let before: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const records = readRecords(metadata, { limit: SLICE, reverse: true, ...(before === undefined ? {} : { end: before }) });
    const older = records.find(([, { timestamp }]) => timestamp < limit);
    if (older !== undefined) return older[0];
    before = records.at(-1)?.[0];
    if (before === undefined) return START;
    await new Promise(setImmediate);
  }
}
