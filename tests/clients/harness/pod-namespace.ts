import { must, run } from './command.ts';
import { eventually } from './poll.ts';

let counter = 0;

/** A network namespace as a container would have it, made by the test. */
export interface PodNamespace extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
  /** Runs a program inside. */
  exec(...command: readonly string[]): Promise<string>;
  /** Resolves when the link is gone. DEL answers when it is silent; the kernel's wait for RCU comes after that. */
  gone(link: string): Promise<void>;
  /** Takes it away, as a container's end does. */
  remove(): Promise<void>;
}

/** Makes a namespace; disposing takes it away if that was not done. */
export async function makeNamespace(): Promise<PodNamespace> {
  const name = `hwt-${process.pid}-${++counter}`;
  await must('ip', ['netns', 'add', name]);
  const exec: PodNamespace['exec'] = (...command) => must('ip', ['netns', 'exec', name, ...command]);
  return {
    name,
    path: `/run/netns/${name}`,
    exec,
    gone: async (link) => {
      await eventually(`${link} is gone`, async () => ((await exec('ip', '-o', 'link')).includes(link) ? undefined : true), 2_000);
    },
    remove: async () => void (await must('ip', ['netns', 'delete', name])),
    [Symbol.asyncDispose]: async () => void (await run('ip', ['netns', 'delete', name])),
  };
}
