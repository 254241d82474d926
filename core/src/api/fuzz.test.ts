import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Operation, operationsIn, parametersOf } from './document.fixture.ts';
import { records } from './document/records.ts';
import { type Asked, plugin, serveCore, type ServedCore } from './served-core.fixture.ts';

let served: ServedCore;
let operations: readonly Operation[];
beforeAll(async () => {
  served = await serveCore();
  operations = operationsIn((await served.ask({ method: 'GET', path: '/v1/openapi.json' })).body);
  await served.ask({ method: 'POST', path: '/v1/leases', headers: { 'content-type': 'application/json' }, body: '{"id":"there"}' });
});
afterAll(() => served[Symbol.asyncDispose]());

const garbage = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '.', '..', '../..', '\0', ' ', 'true', 'false', '-1', '1e999', 'NaN', 'null', '{}', '__proto__', 'constructor'),
  fc.constantFrom('there', 'c1', 'eth0', 'claim', 'root.', 'state.x', 'state', 'id==there', 'labels.x~=/(/', 'start', '30m', '/leases'),
  fc.constantFrom(plugin.uri, 'debug', 'block', '/proc/nothing/here', '/proc/\0'),
  fc.integer({ min: 1, max: 2_500 }).map((length) => 'x'.repeat(length)),
);
const segment = fc.oneof(garbage.map(encodeURIComponent), fc.constantFrom('%ff', '%', '%2f..%2f', '%00', '%ed%a0%80'));
const value = fc.oneof(garbage, fc.integer(), fc.double(), fc.boolean(), fc.jsonValue(), fc.constant('y'.repeat(100_000)));
const keyed = (keys: readonly string[]) => fc.oneof(...keys.map((key) => fc.constant(key)), fc.string({ maxLength: 8 }));

/** Known keys with anything in them, unknown ones beside them; bodies that are no JSON; no body, and other types of it. */
const bodyOf = (keys: readonly string[]) =>
  fc.option(
    fc.oneof(
      { weight: 4, arbitrary: fc.dictionary(keyed(keys), value, { maxKeys: 4 }).map((body) => JSON.stringify(body)) },
      { weight: 1, arbitrary: value.map((body) => JSON.stringify(body)) },
      { weight: 1, arbitrary: garbage },
    ),
    { nil: undefined },
  );

const requestTo = (operation: Operation): fc.Arbitrary<Asked> =>
  fc
    .record({
      segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
      query: fc.array(fc.tuple(keyed(parametersOf(operation, 'query')), garbage), { maxLength: 4 }),
      body: bodyOf(Object.keys(operation.requestBody?.content['application/json'].schema.properties ?? {})),
      type: fc.oneof(
        { weight: 8, arbitrary: fc.constant('application/json') },
        fc.constantFrom('text/plain', 'application/json; charset=x', '//'),
      ),
    })
    .map(({ segments, query, body, type }) => {
      let index = 0;
      const filled = operation.path.replaceAll(/\{\w+\}/g, () => segments[index++] ?? '');
      const search = query.map(([key, one]) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`).join('&');
      return {
        method: operation.method,
        path: search === '' ? filled : `${filled}?${search}`,
        headers: { 'content-type': type },
        ...(body === undefined ? {} : { body }),
      };
    });

const PROBES = new Set(['/livez', '/readyz', '/healthz']);

test('whatever is asked, no answer is the fault of the agent, and every refusal is a problem document', async () => {
  const asked = fc.constantFrom(...operations).chain((operation) => requestTo(operation).map((request) => ({ operation, request })));
  await fc.assert(
    fc.asyncProperty(asked, async ({ operation, request }) => {
      const { status, headers, body } = await served.ask(request);
      if (status === 500) expect.fail(body);
      if (status < 400) expect(Object.keys(operation.responses)).toContain(String(status));
      if (status < 400 || (PROBES.has(operation.path) && status === 503)) return;
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      const problem = records.Problem.required().parse(JSON.parse(body));
      expect(problem.status).toBe(status);
      expect(problem.requestId).toMatch(/./);
    }),
    { numRuns: 1_500 },
  );
}, 60_000);

test('an id of the greatest length that the schemas let through is looked for', async () => {
  const lease = await served.ask({ method: 'GET', path: `/v1/leases/${'x'.repeat(128)}` });
  expect(JSON.parse(lease.body).detail).toContain('there is no lease');
  const usage = await served.ask({ method: 'GET', path: `/v1/snapshots/claim/${encodeURIComponent('/'.repeat(900))}/usage` });
  expect(JSON.parse(usage.body).code).toBe('snapshots.not_found');
});

test('what is longer than any id is refused', async () => {
  const { status, body } = await served.ask({ method: 'GET', path: `/v1/leases/${'x'.repeat(5_000)}` });
  expect([status, JSON.parse(body).code]).toEqual([400, 'api.bad_request']);
});
