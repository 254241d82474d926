import { expect, test } from 'vitest';
import { definePlugin, defineToken } from '../plugin/index.ts';
import { describePluginContract, startThatIsStopped } from './plugin-contract.ts';

const Sleeper = defineToken<object>()('test.sleeper.v1');

const sleeper = (id: string, minds: boolean) =>
  definePlugin({
    provides: Sleeper,
    id,
    summary: 'Takes its time.',
    stopDeadlineMs: 50,
    start: ({ signal, clock }) => (minds ? clock.sleep(60_000, signal).then(() => ({})) : new Promise<object>(() => undefined)),
  });

test('a start that ignores its signal is found', async () => {
  expect(await startThatIsStopped(sleeper('deaf', false), {}, 100)).toBe('it goes on although its signal has aborted');
  expect(await startThatIsStopped(sleeper('attentive', true), {}, 5_000)).toBe('ended');
});

describePluginContract(definePlugin({ provides: Sleeper, id: 'plain', summary: 'Is as it should be.', start: () => ({}) }));
