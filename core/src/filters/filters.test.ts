import { createRequire } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import { compileFilters, fieldsOf, parseFilter, printFilter } from './index.ts';

const record = {
  state: 'attached',
  pod: { namespace: 'shop', name: 'web-1' },
  labels: { a: 'x', 'a.b': 'c,d', path: 'a/b|c', said: 'b"c"' },
  ips: [{ address: '10.88.0.5/16' }, { address: 'fd00::5/64' }],
  count: 3,
  none: null,
  nothing: [],
  netns: '/run/netns/x',
};
const matches = (...filters: string[]) => compileFilters(filters)(fieldsOf(record));

describe('selectors joined by a comma are AND, several filters are OR, none matches all', () => {
  test.each([
    [[], true],
    [['pod.namespace==shop,pod.name~=^web-\\d$'], true],
    [['pod.namespace==shop,pod.name==db'], false],
    [['pod.namespace==other', 'count==3'], true],
    [['pod.namespace==other', 'count==4'], false],
    [[' state == attached , count == 3 '], true],
    [['\tstate == attached,\n  count == 3\n'], true],
  ])('%j → %s', (filters, expected) => {
    expect(matches(...filters)).toBe(expected);
  });
});

describe('`==` needs presence, `!=` matches absence, a field alone asks for presence', () => {
  test.each([
    ['state==attached', true],
    ['state==detaching', false],
    ['absent==""', false],
    ['state!=detaching', true],
    ['state!=attached', false],
    ['absent!=x', true],
    ['absent!=""', true],
    ['absent~=""', false],
    ['state', true],
    ['none', false],
    ['nothing', false],
    ['constructor', false],
    ['pod', true],
    ['pod.name.first', false],
  ])('%s → %s', (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });
});

describe('values and fields are bare or quoted, patterns also between / or |', () => {
  test.each([
    ['labels."a.b"=="c,d"', true],
    ['labels."a.b"', true],
    ['labels.a.b', true],
    ['labels.a.b=="c,d"', true],
    ['labels.a.b!="c,d"', false],
    ['labels.a.b.c', false],
    ['labels.path.b', false],
    ['"pod"."name"=="web\\u002d1"', true],
    ['netns==/run/netns/x', true],
    ['labels.said==b"c"', true],
    ['netns~=^/run', true],
    ['netns~="^/run"', true],
    ['netns~=/^\\/run\\/.{3,5}\\/x$/', true],
    ['netns~=|^/run|', true],
    ['labels.path~=|^a/b.c$|', true],
    ['pod.name~=/^(web, ?|web-)1$/', true],
    ['pod.name~="^web-\\\\d$"', true],
  ])('%s → %s', (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });
});

test('of a field with several values one that fits is enough, and none may fit for !=', () => {
  expect(matches('ips.address==fd00::5/64')).toBe(true);
  expect(matches('ips.address!=fd00::5/64')).toBe(false);
  expect(matches('ips.address!=::1/128')).toBe(true);
  expect(matches('ips.address~=^10\\.')).toBe(true);
  expect(matches('ips.address~=^192\\.')).toBe(false);
});

describe('a filter that cannot be read is refused with the column and what was expected there', () => {
  test.each([
    ['', 1, 'expected a field, found the end'],
    ['state=attached', 6, "there is no operator =: expected '==' or '!=' or '~='"],
    ['state===x', 6, 'there is no operator ==='],
    ['state>3', 6, 'found ">3"'],
    ['a..b', 3, 'expected a field, found ".b"'],
    ['a==b,', 6, 'expected a field, found the end'],
    [',a', 1, 'expected a field'],
    ['a==', 4, 'expected a value, found the end'],
    ['a=="b', 4, 'the quote that begins here is not closed'],
    ['ä=="b', 1, 'expected a field, found "ä=='],
    ['"ä𝄞".x=="b', 9, 'is not closed'],
    ['a=="\\d"', 5, 'this backslash begins no escape'],
    ['a~=/b', 4, 'the pattern that begins here is not closed by /'],
    ['a~=[', 4, 'it is not a regular expression: missing closing ]'],
    ['a~=/(?=b)/', 4, 'it is not a regular expression'],
    ['a==b c', 6, 'expected a comma or the end, found "c"'],
    ['a==b"c d"', 8, 'expected a comma or the end'],
    ['a == b || c', 8, 'expected a comma or the end'],
    ['app-name==x', 4, 'found "-name==x"'],
    ['a==/b/ , c d', 12, 'found "d"'],
  ])('%j at column %i', (filter, column, what) => {
    let thrown: unknown;
    try {
      parseFilter(filter);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'filters.invalid', kind: 'InvalidArgument', details: { filter, column } });
    expect(thrown).toHaveProperty('message', expect.stringContaining(what));
    expect(thrown).toHaveProperty('remedy', expect.stringMatching(/^[A-Z].*\.$/));
  });
});

test('which of several filters is at fault is told', () => {
  expect(() => compileFilters(['a==b', 'c=d'])).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ filter: 'c=d', column: 2 }) }),
  );
});

test('a filter is printed in its shortest form', () => {
  const printed = (text: string) => printFilter(parseFilter(text));
  expect(printed(' "state" == "attached" , pod . name ')).toBe('state==attached,pod.name');
  expect(printed('labels."a.b"=="c,d",x!=""')).toBe('labels."a.b"=="c,d",x!=""');
  expect(printed('a~=/b,c/,d~=|e|,f~="/g"')).toBe('a~="b,c",d~=e,f~="/g"');
});

describe('a pattern cannot hold the agent', () => {
  test('a pattern is compiled once, not for each match', () => {
    const { RE2JS } = createRequire(import.meta.url)('re2js');
    const compile = vi.spyOn(RE2JS, 'compile');
    const predicate = compileFilters(['state~=^att', 'state~=x']);
    for (let round = 0; round < 100; round++) expect(predicate(fieldsOf(record))).toBe(true);
    expect(compile).toHaveBeenCalledTimes(2);
    compile.mockRestore();
  });

  test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    '%s takes time in proportion to the text',
    (source) => {
      const predicate = compileFilters([`x~=/${source}/`]);
      const began = performance.now();
      expect(predicate(() => `${'a'.repeat(4096)}!`)).toBe(false);
      expect(performance.now() - began).toBeLessThan(1000); // a backtracking engine takes longer than the universe is old
    },
  );

  test.each(['a{1000}b{1000}', '(a{30}){40}', 'a'.repeat(257)])('a pattern too large is refused: %s', (source) => {
    expect(() => parseFilter(`x~=/${source}/`)).toThrow(expect.objectContaining({ code: 'filters.invalid' }));
  });
});
