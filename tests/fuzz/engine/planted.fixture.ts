/** Targets with defects that the engine must find: see engine.test.ts. */
import type { FuzzTarget } from './target.ts';

const planted = (name: string, attempt: (text: string) => void): FuzzTarget => ({
  name,
  summary: 'a planted defect',
  format: 'text',
  pieces: ['<', '>', '!'],
  runs: 10_000,
  slowMs: 100,
  large: false,
  open: () => ({ attempt: (input) => attempt(input.toString('latin1')) }),
});

export const targets: readonly FuzzTarget[] = [
  planted('throws', (text) => {
    if (/<.*!.*>/s.test(text)) throw new TypeError(`can't read ${JSON.stringify(text)}`);
  }),
  planted('hangs', (text) => {
    while (text.includes('<<'));
  }),
  planted('dies', (text) => {
    if (text.includes('!<')) process.kill(process.pid, 'SIGKILL');
  }),
  planted('crawls', (text) => {
    const before = process.cpuUsage();
    while (text.includes('>>') && process.cpuUsage(before).user < 150_000);
  }),
  planted('strays', (text) => {
    if (text.includes('!')) setImmediate(() => Promise.reject(new Error('nobody waits for it')));
  }),
  planted('is sound', () => undefined),
];
