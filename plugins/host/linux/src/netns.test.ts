import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Netns } from './netns.ts';
import { scriptedLibc } from './testing/scripted-libc.ts';

const CLONE_NEWNET = 0x40000000;

function visited(failReturn: boolean) {
  const script = scriptedLibc();
  const died: string[] = [];
  // The scripted ioctl says which kind of namespace it is; the scripted setns fails from the second call on.
  let calls = 0;
  const libc = { ...script.libc, ioctl: () => CLONE_NEWNET, setns: () => (++calls > 1 && failReturn ? -1 : 0) };
  const own = Netns.own(libc, (reason) => {
    died.push(reason);
    throw new Error('dead');
  });
  return { own, away: Netns.open(libc, '/proc/self/ns/net', own), died, calls: () => calls };
}

describe('visits to a namespace', () => {
  it('come back, also when the work throws', () => {
    const { away, calls } = visited(false);
    expect(away.run(() => 5)).toBe(5);
    expect(() =>
      away.run(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(calls()).toBe(4);
  });

  it('inside of a visit are the same one, which alone comes back', () => {
    const { away, calls } = visited(false);
    expect(away.run(() => [away.run(() => 5), calls()])).toEqual([5, 1]);
    expect(() => away.run(() => away.run(() => expect.fail('inside')))).toThrow('inside');
    expect(calls()).toBe(4);
    away.run(() => 5);
    expect(calls()).toBe(6);
  });

  it('that can not come back end the process', () => {
    const { away, died } = visited(true);
    expect(() => away.run(() => 5)).toThrow('dead');
    expect(died).toEqual([expect.stringContaining('the way back to the own network namespace is barred')]);
  });

  it('do not begin without a way back', () => {
    const { away, own, calls } = visited(false);
    own[Symbol.dispose]();
    expect(() => away.run(() => 5)).toThrow(expect.objectContaining({ code: 'host.namespace_gone' }));
    expect(calls()).toBe(0);
  });

  it('can not be asynchronous', () => {
    const { away } = visited(false);
    // @ts-expect-error -- what a promise does later would happen in another namespace
    void away.run(() => Promise.resolve(5));
  });
});

describe('paths', () => {
  const gone = expect.objectContaining({ code: 'host.namespace_gone' });

  it('of anything but a namespace are refused without waiting for it', () => {
    const { libc } = scriptedLibc();
    using own = Netns.own(libc);
    const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
    try {
      execFileSync('mkfifo', [join(folder, 'fifo')]);
      for (const path of [join(folder, 'fifo'), join(folder, 'nothing'), folder, '/dev/null', '/proc/self/status'])
        for (const look of [() => Netns.identify(path, own), () => Netns.open(libc, path, own)]) expect(look).toThrow(gone);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of namespaces of another kind are refused', () => {
    const { libc } = scriptedLibc();
    using own = Netns.own(libc);
    expect(() => Netns.open({ ...libc, ioctl: () => 0x00020000 }, '/proc/self/ns/mnt', own)).toThrow(gone);
  });

  it('name a namespace by its identity without opening it', () => {
    using own = Netns.own(scriptedLibc().libc);
    expect(Netns.identify('/proc/self/ns/net', own)).toEqual(own.id);
  });
});
