import { attachmentErrors, type AttachmentRecord, type Attachments } from '@hawser/core/network';
import { countedMetrics, testContext } from '@hawser/core/testing';
import { expect, test, vi } from 'vitest';
import { measured, observeAttachments } from './measured.ts';

const id = { containerId: 'c1', ifname: 'eth0' };
const record = (more: Partial<AttachmentRecord>): AttachmentRecord => ({
  ...id,
  id: 'x',
  network: 'pods',
  mode: 'fake',
  netns: '/n',
  settings: {},
  claims: [],
  state: 'attached',
  createdAt: '',
  ...more,
});
const request = (mode?: string) => ({
  ...id,
  netns: '/n',
  network: { name: 'pods', settings: {}, capabilities: {}, ...(mode === undefined ? {} : { mode }) },
  staticIps: [],
});
const options = { signal: new AbortController().signal, requestId: 'r' };
const result = { interfaces: [], ips: [], routes: [] };
const modes = {
  get: (mode: string) => (mode === 'fake' ? ({} as never) : undefined),
  ids: () => ['fake'],
  whyNot: () => '',
  [Symbol.iterator]: () => [][Symbol.iterator](),
};

function setup(engine: Partial<Attachments>) {
  const metrics = countedMetrics();
  const { clock } = testContext();
  const whole = { get: () => record({}), list: () => [], ready: () => undefined, ...engine } as Attachments;
  return { metrics, engine: measured(whole, { metrics, clock, modes, defaultMode: undefined }) };
}

test('ADD and DEL are counted and timed by mode and outcome', async () => {
  const { metrics, engine } = setup({ attach: async () => result, detach: async () => undefined });
  await engine.attach(request(), options);
  await engine.detach({ ...id, network: 'pods' }, options);
  expect([...metrics.values]).toEqual([
    ['hawser_attachments_calls_total{verb="attach",mode="fake",code="ok"}', 1],
    ['hawser_attachments_call_duration_seconds{verb="attach",mode="fake",outcome="ok"}', 1],
    ['hawser_attachments_calls_total{verb="detach",mode="fake",code="ok"}', 1],
    ['hawser_attachments_call_duration_seconds{verb="detach",mode="fake",outcome="ok"}', 1],
  ]);
});

test('a failure is counted under its code, and reaches the caller as it was', async () => {
  const error = attachmentErrors.busy('too many');
  const { metrics, engine } = setup({
    attach: () => Promise.reject(error),
    check: () => Promise.reject(error),
    reap: () => Promise.reject(error),
  });
  await expect(engine.attach(request(), options)).rejects.toBe(error);
  await expect(engine.check({ ...id, network: 'pods' }, options)).rejects.toBe(error);
  await expect(engine.reap({ network: 'pods' }, options)).rejects.toBe(error);
  for (const at of ['verb="attach",mode="fake"', 'verb="check",mode="fake"', 'verb="reap",mode=""'])
    expect(metrics.values.get(`hawser_attachments_calls_total{${at},code="attachments.busy"}`)).toBe(1);
});

test("a mode that isn't there is not counted under the caller's word for it", async () => {
  const { metrics, engine } = setup({ attach: async () => result });
  await engine.attach(request('attacker-chosen'), options);
  expect([...metrics.values.keys()].join()).not.toContain('attacker');
});

test('the caller gets the promise of the engine: counting is on nobody’s way', () => {
  const promise = Promise.resolve(result);
  const { engine } = setup({ attach: () => promise });
  expect(engine.attach(request(), options)).toBe(promise);
});

test('a store that can’t be read does not keep a DEL from being tried', async () => {
  const detach = vi.fn<Attachments['detach']>(async () => undefined);
  const { metrics, engine } = setup({
    get: () => {
      throw new Error('closed');
    },
    detach,
  });
  await engine.detach({ ...id, network: 'pods' }, options);
  expect(detach).toHaveBeenCalledOnce();
  expect(metrics.values.get('hawser_attachments_calls_total{verb="detach",mode="",code="ok"}')).toBe(1);
});

test('attachments are counted by mode and state, down to zero again', async () => {
  const metrics = countedMetrics();
  let list: readonly AttachmentRecord[] = [record({}), record({ state: 'detaching' }), record({ mode: 'gone' })];
  using _observer = observeAttachments(metrics, { list: () => list }, modes);
  expect((await metrics.expose()).text).toContain('hawser_attachments_known_attachments{mode="gone",state="attached"} 1');
  expect(metrics.values.get('hawser_attachments_known_attachments{mode="fake",state="detaching"}')).toBe(1);
  list = [];
  await metrics.expose();
  expect([...metrics.values.values()].every((value) => value === 0)).toBe(true);
});
