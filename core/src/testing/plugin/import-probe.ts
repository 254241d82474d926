import { subscribe } from 'node:diagnostics_channel';
import { type Origin, ownFrame } from './origin.ts';
import { Watch } from './watch.ts';

/** What Node refuses, and the channel on which it tells so, also where the refusal is caught (Node 26). */
const REFUSED: Readonly<Record<string, readonly [channel: string, words: string]>> = {
  FileSystemWrite: ['fs', 'writes a file'],
  ChildProcess: ['child', 'starts a process'],
  WorkerThreads: ['worker', 'starts a thread'],
  Net: ['net', 'opens a socket'],
  WASI: ['wasi', 'starts WASI'],
  Inspector: ['inspector', 'opens the inspector'],
};
/** How long what an import has set off may take to show. */
const AFTERMATH_MS = 50;

/** What an import did beside defining. */
class Findings {
  readonly #faults = new Set<string>();
  readonly #origins = new Set<Origin>();

  note(what: string, origin: Origin | undefined): void {
    if (origin !== undefined) this.#origins.add(origin);
    this.#faults.add(origin === undefined ? what : `${what}, by ${origin}`);
  }

  refused(refusal: object, origin: Origin | undefined): void {
    const permission = 'permission' in refusal ? String(refusal.permission) : '';
    const resource = 'resource' in refusal && typeof refusal.resource === 'string' ? refusal.resource : '';
    this.note(`${REFUSED[permission]?.[1] ?? `wants ${permission}`}${resource === '' ? '' : ` (${resource})`}`, origin);
  }

  thrown(error: unknown, here: Origin | undefined): void {
    const origin = (error instanceof Error ? ownFrame(error.stack ?? '') : undefined) ?? here;
    if (error instanceof Error && 'permission' in error) this.refused(error, origin);
    else this.note(`fails: ${error instanceof Error ? error.message : String(error)}`, origin);
  }

  /** One sentence each; what was refused may leave its handle, which is not told of again. */
  with(left: readonly string[]): readonly string[] {
    const others = left.filter((line) => ![...this.#origins].some((origin) => line.endsWith(origin)));
    return [...this.#faults, ...others.map((line) => `leaves ${line}`)];
  }
}

/** For a process that may neither write, nor spawn, nor connect: imports a module, and prints what that did as a JSON list. */
export async function probe(load: () => Promise<unknown>): Promise<void> {
  using watch = new Watch();
  const findings = new Findings();
  const thrown = (error: unknown): void => findings.thrown(error, watch.originHere());
  for (const [channel] of Object.values(REFUSED))
    subscribe(`node:permission-model:${channel}`, (refusal) => findings.refused(Object(refusal), watch.originHere()));
  process.on('unhandledRejection', thrown).on('uncaughtException', thrown);
  try {
    await load();
  } catch (error) {
    thrown(error);
  }
  await watch.pause(AFTERMATH_MS);
  const found = findings.with(await watch.left(AFTERMATH_MS));
  await new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(found)}\n`, () => resolve()));
}
