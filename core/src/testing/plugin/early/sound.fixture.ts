import { readFileSync } from 'node:fs';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

const read = readFileSync('/etc/passwd', 'utf8');
const loaded = Date.now();

export const facts = { read, loaded };

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'sound',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
