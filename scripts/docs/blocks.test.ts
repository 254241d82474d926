import { expect, test } from 'vitest';
import type { CodeBlock } from '../markdown.ts';
import { configFaults } from './configs.ts';
import { jsonFaults } from './json.ts';

const block = (language: string, info: string, ...lines: readonly string[]): CodeBlock => ({
  file: 'p.md',
  line: 10,
  language,
  info,
  lines,
});

test('a config is what the reference agent takes, faults are told with the lines of the page', async () => {
  expect(await configFaults(block('toml', '', '[plugins."hawser.mode.v1.bridge"]', 'mtu = 1400'))).toEqual([]);
  expect(
    await configFaults(block('toml', '', '[proxy_plugins.acme]', 'type = "hawser.mode.v1"', 'address = "unix:///run/a.sock"')),
  ).toEqual([]);
  expect(await configFaults(block('toml', '', '[plugins."hawser.mode.v1.bridge"]', 'mtu = 1400', 'mtuu = 1'))).toEqual([
    expect.stringMatching(/^p\.md:12: .*mtuu/),
  ]);
  expect(await configFaults(block('toml', '', '[plugins."acme.wires.v1.copper"]', 'mtu = 1400'))).toEqual([]);
  expect(await configFaults(block('toml', '', 'version = 1', 'root = '))).toEqual([expect.stringMatching(/^p\.md:11: /)]);
});

test('JSON can be read', () => {
  const api = { paths: {}, components: { schemas: {} } };
  expect(jsonFaults(block('json', '', '{"a": [1]}'), api)).toEqual([]);
  expect(jsonFaults(block('json', '', '{a: 1}'), api)).toEqual([expect.stringMatching(/^p\.md:10: /)]);
});

test('JSON that is a record of the API has its fields', () => {
  const answer = {
    type: 'object',
    properties: { count: { $ref: '#/components/schemas/Count' } },
    required: ['count'],
    additionalProperties: false,
  };
  const api = { paths: {}, components: { schemas: { Answer: answer, Count: { type: 'integer' } } } };
  const faults = (text: string, info = 'record=Answer') => jsonFaults(block('json', info, text), api);
  expect(faults('{"count": 1}')).toEqual([]);
  expect(faults('{"count": "one"}')).toEqual([expect.stringMatching(/^p\.md:10: count: /)]);
  expect(faults('{"count": 1, "more": 2}')).toEqual([expect.stringMatching(/^p\.md:10: .*more/)]);
  expect(faults('{}', 'record=None')).toEqual(['p.md:10: the API has no record None; it has Answer, Count']);
});
