import { readFile } from 'node:fs/promises';
import type { Finding } from '@hawser/core';

/** Bits of the effective set in /proc/self/status; linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

/** What of the capabilities that the kernel's doors ask for is missing in a mask, as `CapEff` has it. */
export const missingCapabilities = (mask: string): readonly string[] =>
  Object.entries(CAPABILITIES).flatMap(([name, bit]) => (((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n ? [] : [name]));

/** Whether this process may do what an agent does with the kernel. */
export async function examinePrivileges(): Promise<Finding> {
  const check = 'privileges';
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  const user = `user ${process.getuid?.() ?? '?'}`;
  const missing = missingCapabilities(mask ?? '0');
  if (missing.length === 0) return { check, status: 'ok', found: `${user} with all capabilities that are needed` };
  const remedy = 'Run the agent as root, or give it these capabilities.';
  return { check, status: 'fail', found: `${user} lacks ${missing.join(', ')}`, remedy };
}
