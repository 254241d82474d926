import { mkdir } from 'node:fs/promises';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

mkdir('/tmp/hwt-early').catch(() => undefined);

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'quietly-writes',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
