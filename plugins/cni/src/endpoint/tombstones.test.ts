import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@hawser/core';
import { hostErrors } from '@hawser/core/network';
import { FakeAttachments, testContext } from '@hawser/core/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeRequestFrame } from '../protocol/frame.ts';
import { recordingLog, until } from '../testing/fakes.ts';
import { TombstoneFolder } from './tombstone-folder.ts';
import { Tombstones } from './tombstones.ts';

let path: string;
let attachments: FakeAttachments;
let tombstones: Tombstones;
let context: ReturnType<typeof testContext>;
let lines: string[];
let pending: number[];
let count: number;
let stop: AbortController;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'hwt-tombstones-'));
  attachments = new FakeAttachments();
  context = testContext();
  pending = [];
  count = 0;
  stop = new AbortController();
  make();
});
afterEach(() => {
  stop.abort(new Error('the test is over'));
  vi.restoreAllMocks();
  rmSync(path, { recursive: true });
});

/** As a new agent has them. */
function make(clock: Clock = context.clock): void {
  const recording = recordingLog();
  ({ lines } = recording);
  const { random } = context;
  const folder = new TombstoneFolder(path);
  const onPending = (left: number) => void pending.push(left);
  tombstones = new Tombstones({
    folder,
    attachments,
    clock,
    log: recording.log,
    newRequestId: () => random.id(),
    deadlineMs: 1000,
    onPending,
  });
}

function bury(containerId: string, options: { readonly bytes?: Uint8Array; readonly command?: string } = {}): string {
  const name = `${String(1_700_000_000 + ++count).padStart(11, '0')}000000000-77.del`;
  const environment = {
    CNI_COMMAND: options.command ?? 'DEL',
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/bin',
    CNI_NETNS: '',
  };
  writeFileSync(
    join(path, name),
    options.bytes ?? encodeRequestFrame(environment, Buffer.from('{"cniVersion":"1.0.0","name":"net","type":"hawser-cni"}')),
  );
  return name;
}

const left = (): readonly string[] => readdirSync(path).filter((name) => name.endsWith('.del'));
const failing = () => Promise.reject(hostErrors.busy('busy'));
const id = (containerId: string) => ({ containerId, ifname: 'eth0' });

describe('at the start', () => {
  test('each DEL is carried out and its file is removed', async () => {
    const ids = ['a', 'b', 'c'];
    for (const each of ids) bury(each);
    await tombstones.replay(stop.signal);
    expect(attachments.calls.toSorted()).toEqual(ids.map((each) => `detach ${each}/eth0`));
    expect(left()).toEqual([]);
    expect(pending).toEqual([0]);
  });

  test('one that fails stays, and the next agent tries it again', async () => {
    bury('a');
    attachments.beforeDetach = failing;
    await tombstones.replay(stop.signal);
    expect(left()).toHaveLength(1);
    expect(lines.join('')).toContain('host.busy');
    attachments.beforeDetach = () => Promise.resolve();
    make();
    await tombstones.replay(stop.signal);
    expect(left()).toEqual([]);
  });

  test('one that hangs ends by its deadline and stays', async () => {
    bury('a');
    attachments.beforeDetach = async (_, { signal }) => {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    await context.clock.runUntil(tombstones.replay(stop.signal));
    expect(left()).toHaveLength(1);
    expect(lines.join('')).toContain('internal.deadline_exceeded');
  });

  test('what holds no DEL is set aside with a log line', async () => {
    bury('a', { command: 'ADD' });
    bury('b', { bytes: Buffer.from('garbage') });
    bury('c', { bytes: Buffer.alloc(0) });
    bury('d', { bytes: Buffer.alloc(2_000_000) });
    bury('e', { bytes: encodeRequestFrame({ CNI_COMMAND: 'DEL' }, Buffer.from('{}')) });
    mkdirSync(join(path, '00000000001000000000-1.del'));
    symlinkSync('/etc/passwd', join(path, '00000000002000000000-1.del'));
    bury('good');
    await tombstones.replay(stop.signal);
    expect(attachments.calls).toEqual(['detach good/eth0']);
    expect(left()).toEqual([]);
    expect(readdirSync(join(path, 'corrupt'))).toHaveLength(7);
    expect(lines.filter((line) => line.includes('set aside'))).toHaveLength(7);
  });

  test('other files are left alone', async () => {
    writeFileSync(join(path, '.01795253995590977768-1.del.tmp'), 'half');
    writeFileSync(join(path, 'README'), '');
    await tombstones.replay(stop.signal);
    expect(readdirSync(path)).toHaveLength(2);
  });

  test('any bytes are carried out or set aside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.boolean(), async (bytes, ours) => {
        bury('x', { bytes: ours ? Buffer.concat([Buffer.from('HCNI\x01\0\0\0'), bytes]) : bytes });
        await tombstones.replay(stop.signal);
        expect(left()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('before an ADD', () => {
  test('what waits for the same interface is carried out, other interfaces are not touched', async () => {
    attachments.beforeDetach = failing;
    for (const each of ['a', 'b']) bury(each);
    await tombstones.replay(stop.signal);
    attachments.beforeDetach = () => Promise.resolve();
    attachments.calls.length = 0;
    await tombstones.settle(id('a'), stop.signal);
    expect(attachments.calls).toEqual(['detach a/eth0']);
    expect(left()).toHaveLength(1);
  });

  test('one that still fails refuses the ADD', async () => {
    bury('a');
    attachments.beforeDetach = failing;
    await expect(tombstones.settle(id('a'), stop.signal)).rejects.toMatchObject({ code: 11 });
    await expect(tombstones.settle(id('b'), stop.signal)).resolves.toBeUndefined();
  });

  test('one that came after the start is found', async () => {
    await tombstones.replay(stop.signal);
    bury('a');
    await tombstones.settle(id('a'), stop.signal);
    expect(left()).toEqual([]);
  });

  test('and never after it: many at once carry each tombstone out once', async () => {
    bury('a');
    await Promise.all(Array.from({ length: 20 }, () => tombstones.settle(id('a'), stop.signal)));
    await tombstones.settle(id('a'), stop.signal);
    expect(attachments.calls).toEqual(['detach a/eth0']);
  });

  test('one that cannot be removed refuses the ADD: the next agent would carry it out, and undo what was made meanwhile', async () => {
    bury('a');
    const remove = vi.spyOn(TombstoneFolder.prototype, 'remove').mockRejectedValue(new Error('read-only'));
    await expect(tombstones.settle(id('a'), stop.signal)).rejects.toMatchObject({ code: 11 });
    expect(lines.join('')).toContain('cannot be removed');
    remove.mockRestore();
    await expect(tombstones.settle(id('a'), stop.signal)).resolves.toBeUndefined();
    expect(left()).toEqual([]);
  });

  test('one that is being removed is waited for', async () => {
    bury('a');
    const gate = Promise.withResolvers<void>();
    const remove = vi.spyOn(TombstoneFolder.prototype, 'remove').mockReturnValue(gate.promise);
    const replaying = tombstones.replay(stop.signal);
    await until(() => remove.mock.calls.length === 1);
    let settled = false;
    const settling = tombstones.settle(id('a'), stop.signal).then(() => (settled = true));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    rmSync(join(path, left()[0] ?? ''));
    gate.resolve();
    await Promise.all([replaying, settling]);
    expect(attachments.calls).toEqual(['detach a/eth0']);
  });

  test('a folder that is gone holds none, one that cannot be read refuses the ADD', async () => {
    rmSync(path, { recursive: true });
    await expect(tombstones.settle(id('a'), stop.signal)).resolves.toBeUndefined();
    writeFileSync(path, 'no folder');
    await expect(tombstones.settle(id('a'), stop.signal)).rejects.toMatchObject({ code: 5 });
  });
});

describe('while the agent runs', () => {
  test('a clock that is set back puts off no further attempt', async () => {
    let set = 0;
    make({ ...context.clock, now: () => context.clock.now() + set });
    bury('a');
    attachments.beforeDetach = failing;
    await tombstones.replay(stop.signal);
    set = -3_600_000;
    const working = tombstones.work(stop.signal);
    await until(() => context.clock.waiting === 1);
    await context.clock.advance(1000);
    await until(() => attachments.calls.length === 2 && context.clock.waiting === 1);
    stop.abort(new Error('enough'));
    await working;
    expect(attachments.calls).toHaveLength(2);
  });

  test('failures are tried again with growing pauses, and late tombstones are found', async () => {
    bury('a');
    attachments.beforeDetach = failing;
    await tombstones.replay(stop.signal);
    const working = tombstones.work(stop.signal);
    const attempts = () => attachments.calls.length;
    await until(() => context.clock.waiting === 1);
    expect(attempts()).toBe(1);
    for (const [pause, expected] of [
      [1000, 2],
      [1000, 2],
      [1000, 3],
      [4000, 4],
    ] as const) {
      await context.clock.advance(pause);
      await until(() => context.clock.waiting === 1);
      expect(attempts()).toBe(expected);
    }
    attachments.beforeDetach = () => Promise.resolve();
    bury('late');
    await context.clock.advance(30_000);
    await until(() => left().length === 0 && pending.at(-1) === 0);
    stop.abort(new Error('stop'));
    await working;
  });
});
