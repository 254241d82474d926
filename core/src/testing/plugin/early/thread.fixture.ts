import { Worker } from 'node:worker_threads';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

const worker = new Worker('', { eval: true });
worker.unref();

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'thread',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
