import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetachRequest } from '@hawser/core/network';
import { testContext } from '@hawser/core/testing';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { TombstoneFolder } from '../../../plugins/cni/src/endpoint/tombstone-folder.ts';
import { Tombstones } from '../../../plugins/cni/src/endpoint/tombstones.ts';
import { encodeRequestFrame } from '../../../plugins/cni/src/protocol/frame.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const frame = fc
  .record({
    CNI_COMMAND: fc.constantFrom('DEL', 'ADD', 'GC'),
    CNI_CONTAINERID: fc.constantFrom('c1', '', '/'),
    CNI_IFNAME: fc.constantFrom('eth0', '..'),
    CNI_PATH: fc.constant('/b'),
  })
  .map((environment) => encodeRequestFrame(environment, Buffer.from('{"cniVersion":"1.0.0","name":"net","type":"hawser-cni"}')));

/** What executables leave behind while no agent is there. */
export const tombstones: FuzzTarget = {
  name: 'tombstones',
  summary: 'files of tombstones: carried out once, as the DEL that they are, or set aside for people to look at',
  format: 'bytes',
  pieces: ['HCNI', Buffer.of(1, 0, 0, 0), Buffer.of(0, 0, 0, 0), 'CNI_COMMAND=DEL\0', 'CNI_COMMAND=ADD\0', 'CNI_IFNAME=eth0\0', '{}'],
  grammar: frame,
  runs: 150,
  open: async () => {
    const path = await mkdtemp(join(tmpdir(), 'hwt-fuzz-tombstones-'));
    return { attempt: (input) => attempt(path, input), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
  },
};

async function attempt(path: string, input: Buffer): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, '00001795253995590977-4711.del'), input);
  const detached: DetachRequest[] = [];
  const { clock, random } = testContext();
  const replayed = new Tombstones({
    folder: new TombstoneFolder(path),
    attachments: { detach: async (request) => void detached.push(request) },
    clock,
    log: pino({ level: 'silent' }),
    newRequestId: () => random.id(),
    deadlineMs: 1_000,
  });
  await replayed.replay(new AbortController().signal);
  const [left, corrupt] = [await readdir(path), await readdir(join(path, 'corrupt')).catch(() => [])];
  hold(
    left.every((name) => name === 'corrupt'),
    'a tombstone is left where it was',
  );
  hold(detached.length + corrupt.length === 1, `${detached.length} DELs were carried out, ${corrupt.length} files set aside`);
  for (const { containerId, ifname } of detached) hold(containerId !== '' && ifname !== '', 'a DEL of nothing');
  await rm(join(path, 'corrupt'), { recursive: true, force: true });
}
