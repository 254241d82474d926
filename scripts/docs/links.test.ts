import { expect, test } from 'vitest';
import { headingsOf, linkFaults } from './links.ts';

test('headings are linked to by words in lower case, signs left out', () => {
  const page = '# The way of one ADD\n```\n# not one\n```\n### `hawser.mode.v1.bridge`\n## What is promised, and what holds it';
  expect([...headingsOf(page)]).toEqual(['the-way-of-one-add', 'hawsermodev1bridge', 'what-is-promised-and-what-holds-it']);
});

test('a link to no file or no heading is told with its line', () => {
  const page = '# Here\n[a](#here) [b](#there)\n[c](package.json#L3) [d](nowhere.md) [e](README.md#no-such-part)';
  const read = (path: string) =>
    new Map([
      ['page.md', page],
      ['README.md', '# Hawser\n'],
    ]).get(path);
  expect(linkFaults('page.md', read)).toEqual([
    "page.md:2: this page has no heading '#there'",
    'page.md:3: there is no nowhere.md',
    "page.md:3: README.md has no heading '#no-such-part'",
  ]);
});
