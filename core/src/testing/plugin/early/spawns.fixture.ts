import { spawn } from 'node:child_process';
import { definePlugin, defineToken } from '../../../plugin/index.ts';

spawn('true');

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'spawns',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
