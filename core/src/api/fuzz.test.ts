import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Operation, operationsIn, parametersOf, type Schema } from './document.fixture.ts';
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
  fc.constantFrom(plugin.uri, 'debug', 'block', '/dev/null/here', '/dev/null/\0'),
  fc.integer({ min: 1, max: 2_500 }).map((length) => 'x'.repeat(length)),
);
const segment = fc.oneof(garbage.map(encodeURIComponent), fc.constantFrom('%ff', '%', '%2f..%2f', '%00', '%ed%a0%80'));
const value = fc.oneof(garbage, fc.integer(), fc.double(), fc.boolean(), fc.jsonValue(), fc.constant('y'.repeat(100_000)));

/** What a schema asks for, as far as its type goes. */
function meant(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(meant));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'integer') return fc.maxSafeInteger().map((n) => Math.min(Math.max(n, schema.minimum ?? 1), schema.maximum ?? n));
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'array') return fc.array(garbage, { maxLength: 3 });
  return schema.type === 'object' ? fc.dictionary(garbage, garbage, { maxKeys: 3 }) : garbage;
}

/** Mostly of the type that is asked for, so that much of it gets past the schemas. */
const mostly = (schema: Schema): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary: meant(schema) }, { weight: 1, arbitrary: value });

const fields = ({ properties, required }: Pick<Schema, 'properties' | 'required'>): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, mostly(schema)])), { requiredKeys: required });

/** Known keys; unknown ones beside them; bodies of other types, those that are no JSON, and none. */
const bodyOf = (schema: Schema | undefined): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 8, arbitrary: (schema === undefined ? value : fields(schema)).map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: fc.dictionary(garbage, value, { maxKeys: 4 }).map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: value.map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: garbage },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );

/** Known parameters, once or more often, and now and then an unknown one. */
const queryOf = (operation: Operation): fc.Arbitrary<string> => {
  const known = parametersOf(operation, 'query').map(({ name, schema }) => fc.tuple(fc.constant(name), meant(schema).map(String)));
  const unknown = fc.tuple(garbage, garbage);
  return fc
    .array(fc.oneof(...known.map((arbitrary) => ({ weight: 6, arbitrary })), { weight: 1, arbitrary: unknown }), { maxLength: 3 })
    .map((pairs) => pairs.map(([key, one]) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`).join('&'));
};

const requestTo = (operation: Operation): fc.Arbitrary<Asked> =>
  fc
    .record({
      segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
      query: queryOf(operation),
      body: bodyOf(operation.requestBody?.content['application/json'].schema),
      type: fc.oneof(
        { weight: 12, arbitrary: fc.constant('application/json') },
        fc.constantFrom('text/plain', 'application/json; charset=x', '//'),
      ),
    })
    .map(({ segments, query, body, type }) => {
      let index = 0;
      const filled = operation.path.replaceAll(/\{\w+\}/g, () => segments[index++] ?? '');
      return {
        method: operation.method,
        path: query === '' ? filled : `${filled}?${query}`,
        headers: { 'content-type': type },
        ...(body === undefined ? {} : { body }),
      };
    });

const PROBES = new Set(['/livez', '/readyz', '/healthz']);

test('whatever is asked, no answer is the fault of the agent, and every refusal is a problem document', async () => {
  for (const operation of operations) {
    await fc.assert(
      fc.asyncProperty(requestTo(operation), async (request) => {
        const { status, headers, body } = await served.ask(request);
        if (status === 500) expect.fail(body);
        if (status < 400) expect(Object.keys(operation.responses)).toContain(String(status));
        if (status < 400 || (PROBES.has(operation.path) && status === 503)) return;
        expect(headers['content-type']).toMatch(/^application\/problem\+json/);
        const problem = records.Problem.required().parse(JSON.parse(body));
        expect(problem.status).toBe(status);
        expect(problem.requestId).toMatch(/./);
      }),
      { numRuns: 100 },
    );
  }
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

test.each(['/dev/null/here', '/dev/null/\0', 'here', `/dev/null/${'x'.repeat(300)}`])(
  'a copy to %j, which can be no folder, is the fault of who asks for it',
  async (folder) => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ store: 'root', folder });
    const answer = await served.ask({ method: 'POST', path: '/v1/db/backup', headers, body });
    const { code } = JSON.parse(answer.body);
    expect([answer.status, code]).toEqual([
      400,
      folder.startsWith('/') && !folder.includes('\0') ? 'metadata.bad_folder' : 'api.bad_request',
    ]);
  },
);
