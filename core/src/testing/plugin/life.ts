import { systemContext } from '../../context/index.ts';
import { settlesWithin } from '../../plugin/settles-within.ts';
import type { Subject } from './subject.ts';
import { Watch } from './watch.ts';

/** How long a start may go on after its signal. */
const START_GRACE_MS = 5_000;
/** How long an examination may take, and go on after its signal. */
const EXAMINATION_GRACE_MS = 5_000;
/** How long a call of a stopped plugin may take. */
const CALL_GRACE_MS = 2_000;

/** Each of these says what a plugin owes and does not do, one sentence each. */

/** It starts, stops, and starts again. */
export async function repetitionFaults(subject: Subject): Promise<readonly string[]> {
  const faults: string[] = [];
  for (let round = 0; round < 2; round++) {
    const nth = subject.hasStarted ? 'second' : 'first';
    const run = await subject.start();
    const { fault } = run;
    if (fault !== undefined) faults.push(`its ${nth} start fails: ${fault}`);
    const stop = await run.stop();
    faults.push(...stop.map((sentence) => `its stop: ${sentence}`));
    await subject.options.release?.();
    if (faults.length > 0) return faults;
  }
  return faults;
}

/** When it has stopped nothing of it is left. */
export async function leaks(subject: Subject, graceMs?: number): Promise<readonly string[]> {
  using watch = new Watch();
  const run = await subject.start();
  await run.stop();
  await subject.options.release?.();
  return (await watch.left(graceMs)).map((line) => `it leaves behind ${line}`);
}

/** Told to stop before it has begun it gives up, and leaves nothing. */
export async function leaksOfAnAbortedStart(subject: Subject): Promise<readonly string[]> {
  using watch = new Watch();
  const signal = AbortSignal.abort(new Error('stopped before it began'));
  await subject.start({ signal }).then(
    (run) => run.stop(),
    () => undefined,
  );
  await subject.options.release?.();
  return (await watch.left()).map((line) => `a start that was given up leaves behind ${line}`);
}

/** Told to stop in the midst of its start it ends soon, and leaves nothing. */
export async function interruptionFaults(subject: Subject, graceMs: number = START_GRACE_MS): Promise<readonly string[]> {
  using watch = new Watch();
  const stop = new AbortController();
  const begun = Promise.withResolvers<{ readonly call: Promise<unknown> }>();
  const onStart = (call: Promise<unknown>): void => {
    call.catch(() => undefined);
    begun.resolve({ call });
    stop.abort(new Error('the contract asks for it'));
  };
  const booted = subject.start({ signal: stop.signal, onStart }).then(
    (run) => run.stop(),
    () => undefined,
  );
  // Where what it requires does not start, it never begins.
  const started = await Promise.race([begun.promise, booted]);
  if (started !== undefined && 'call' in started && !(await settlesWithin(systemContext.clock, graceMs, started.call)))
    return ['its start goes on although its signal has aborted'];
  await booted;
  await subject.options.release?.();
  return (await watch.left()).map((line) => `a start that is interrupted leaves behind ${line}`);
}

/** Looking at the machine leaves nothing behind. */
export async function leaksOfExamination(subject: Subject, graceMs?: number): Promise<readonly string[]> {
  using watch = new Watch();
  const gone = new AbortController();
  const look = (async () => subject.plugin.examine?.({ ...systemContext, config: subject.settings, signal: gone.signal }))();
  const isOver = await settlesWithin(systemContext.clock, graceMs ?? EXAMINATION_GRACE_MS, look);
  gone.abort(new Error('who asked has gone'));
  if (isOver) await look;
  else if (!(await settlesWithin(systemContext.clock, graceMs ?? EXAMINATION_GRACE_MS, look)))
    return ['its examination goes on although its signal has aborted'];
  return (await watch.left(graceMs)).map((line) => `its examination leaves behind ${line}`);
}

/** Calls of its service settle when it has stopped. */
export async function hangingCalls(subject: Subject, graceMs: number = CALL_GRACE_MS): Promise<readonly string[]> {
  const run = await subject.start();
  const { service } = run;
  await run.stop();
  const faults: string[] = [];
  for (const [index, call] of callsOf(subject, service).entries())
    if (!(await settlesWithin(systemContext.clock, graceMs, call)))
      faults.push(`call ${index + 1} of its service hangs when it has stopped`);
  await subject.options.release?.();
  return faults;
}

function callsOf({ options }: Subject, service: unknown): readonly Promise<unknown>[] {
  if (service === undefined) return [];
  try {
    return (options.calls?.(service) ?? []).map((call) => Promise.resolve(call));
  } catch {
    // A call that throws at once doesn't hang; the others may not be made then.
    return [];
  }
}
