import { createServer } from 'node:net';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

createServer().listen(0, '127.0.0.1');

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'listens',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
