import { definePlugin, defineToken } from '../../../plugin/index.ts';

process.env['HAWSER_TEST_EARLY'] = 'yes';
process.on('SIGHUP', () => undefined);

export default definePlugin({
  provides: defineToken<object>()('test.early.v1'),
  id: 'process',
  summary: 'Is defined by its module.',
  start: () => ({}),
});
