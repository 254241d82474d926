import { must, run } from './command.ts';

let counter = 0;

/** A network namespace as a container would have it, made by the test. */
export interface PodNamespace extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
  /** Runs a program inside. */
  exec(...command: readonly string[]): Promise<string>;
  /** Takes it away, as a container's end does. */
  remove(): Promise<void>;
}

/** Makes a namespace; disposing takes it away if that was not done. */
export async function makeNamespace(): Promise<PodNamespace> {
  const name = `hwt-${process.pid}-${++counter}`;
  await must('ip', ['netns', 'add', name]);
  return {
    name,
    path: `/run/netns/${name}`,
    exec: (...command) => must('ip', ['netns', 'exec', name, ...command]),
    remove: async () => void (await must('ip', ['netns', 'delete', name])),
    [Symbol.asyncDispose]: async () => void (await run('ip', ['netns', 'delete', name])),
  };
}
