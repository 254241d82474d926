import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentConfig } from '../../config/index.ts';
import { type Finding, skip } from './finding.ts';

export async function checkStore({ root }: AgentConfig): Promise<readonly Finding[]> {
  const there = await stat(join(root)).then(() => true, () => false);
  return [skip('store', there ? 'not looked at' : 'there is none yet')];
}
