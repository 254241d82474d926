import { writeFileSync } from 'node:fs';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

writeFileSync('/tmp/hwt-early', 'too early');

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'writes',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
