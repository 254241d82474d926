import { setFlagsFromString } from 'node:v8';

/**
 * Calls of a function until V8 makes fast code of it. It waits for 400 unless told, for what was called may not be called again; but
 * most of what an agent does is a pod's way or its way back, which a node takes a few dozen times a day.
 */
const CALLS = 12;

/** From now on V8 compiles what was called a dozen times. It is for who has started: a start would compile much that it needs no more. */
export function compileSooner(): void {
  for (const flag of ['invocation-count-for-maglev', 'minimum-invocations-after-ic-update']) setFlagsFromString(`--${flag}=${CALLS}`);
}
