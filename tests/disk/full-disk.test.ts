import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TestNode } from '../crash/node.ts';
import { poll } from '../crash/poll.ts';

const executable = join(import.meta.dirname, '..', '..', 'plugins', 'cni', 'dist', 'hawser-cni');
const missing = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'].some(existsSync)) return 'needs iproute2';
  if (!['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].some(existsSync)) return 'needs nftables';
  return existsSync(executable) ? undefined : 'needs the compiled executable';
})();

/** A tmpfs over a node's state folder, unmounted at the end whatever happens. */
class SmallDisk implements Disposable {
  readonly #folder: string;
  readonly #filler: string;

  constructor(folder: string, size: string) {
    this.#folder = folder;
    this.#filler = join(folder, 'filler');
    execFileSync('mkdir', ['-p', '-m', '0711', folder]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0711`, 'hwt-disk', folder]);
  }

  /** Leaves no block free. */
  fill(): void {
    try {
      for (;;) writeFileSync(this.#filler, Buffer.alloc(4096), { flag: 'a' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  [Symbol.dispose](): void {
    // Lazily: an agent that is still dying has files open.
    execFileSync('umount', ['-l', this.#folder]);
  }
}

describe.skipIf(missing !== undefined)(`an agent whose disk is full${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test(
    'refuses what is new by name and leaves nothing of it, undoes what is there, and goes on when there is space',
    { timeout: 120_000 },
    async ({ skip }) => {
      await using node = await TestNode.make();
      let disk: SmallDisk | undefined;
      try {
        disk = new SmallDisk(join(node.folder, 'state'), '8m');
      } catch {
        skip('a tmpfs can’t be mounted here');
        return;
      }
      using _disk = disk;
      await node.start();
      const pods = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(async (id) => ({ id, netns: await node.pod(id) })));
      for (const { id, netns } of pods) expect(await node.cni('ADD', netns, id)).toMatchObject({ code: 0 });

      disk.fill();
      const late = await node.pod('late');
      // Room that was taken from the disk before may still do for some; each is made and undone.
      let refused = await node.cni('ADD', late, 'late');
      for (let tries = 0; refused.code === 0 && tries < 100; tries++) {
        expect(await node.cni('DEL', late, 'late')).toMatchObject({ code: 0 });
        disk.fill();
        refused = await node.cni('ADD', late, 'late');
      }
      expect(JSON.parse(refused.output)).toMatchObject({
        code: 5, // the specification's I/O failure
        msg: 'the disk of the state store is full: nothing new is taken',
        details: expect.stringContaining('Free some space'),
      });
      await onlyThese(
        node,
        pods.map(({ id }) => id),
      );
      expect(await node.hostLinks()).toHaveLength(pods.length);

      expect(await node.stop()).toMatchObject({ code: 0 });
      disk.fill();
      await node.start();
      expect(await node.cni('ADD', late, 'late')).toMatchObject({ code: 5 });

      for (const { id, netns } of pods) {
        disk.fill();
        expect(await node.cni('DEL', netns, id)).toMatchObject({ code: 0 });
      }
      await onlyThese(node, []);
      expect(await node.hostLinks()).toEqual([]);
      expect(await node.masqueraded()).not.toMatch(/10\.99\.0\.|fd00:99::/);

      disk.empty();
      expect(await node.cni('ADD', late, 'late')).toMatchObject({ code: 0 });
      expect(await node.cni('DEL', late, 'late')).toMatchObject({ code: 0 });
      await onlyThese(node, []);
      expect(await node.stop()).toMatchObject({ code: 0 });
    },
  );
});

/** The books hold these attachments and what they stand on, nothing else. */
async function onlyThese(node: TestNode, ids: readonly string[]): Promise<void> {
  await poll(`only ${ids.join(', ')} are left`, async () => {
    const { attachments, claims, leases, condemned } = await node.books();
    const held = claims.filter(({ state }) => state !== 'cooling').map(({ holder }) => holder?.containerId);
    const expected = ids.flatMap((id) => [id, id]).sort();
    return (
      JSON.stringify(attachments.map(({ containerId }) => containerId).sort()) === JSON.stringify([...ids].sort()) &&
      JSON.stringify(held.sort()) === JSON.stringify(expected) &&
      leases.length + condemned.length === 0
    );
  });
}
