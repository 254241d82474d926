import { expect } from 'vitest';
import type { TestNode } from './node.ts';
import { poll } from './poll.ts';

/** Waits until collection has done what a crash left it, and looks at the books and at the kernel. */
export async function nothingLeft(node: TestNode): Promise<void> {
  await poll('nothing is left', async () => {
    const { attachments, claims, condemned } = await node.books();
    return attachments.length + condemned.length === 0 && claims.every(({ state }) => state === 'cooling');
  });
  expect(await node.hostLinks()).toEqual([]);
  expect(await node.masqueraded()).not.toMatch(/10\.99\.|fd00:99::/);
}
