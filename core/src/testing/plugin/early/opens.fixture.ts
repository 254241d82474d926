import { openSync } from 'node:fs';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

openSync('/etc/passwd', 'r');

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'opens',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
