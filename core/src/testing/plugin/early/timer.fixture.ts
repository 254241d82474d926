import { definePlugin, defineToken } from '../../../plugin/index.ts';

setInterval(() => undefined, 1_000);

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'timer',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
