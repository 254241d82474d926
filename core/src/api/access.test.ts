import { expect, test } from 'vitest';
import { type AccessRules, accessOf, isShared } from './access.ts';

const own = { uid: 1000, canTell: true };
const rules: AccessRules = { uids: [2000], gids: [300], readerUids: [4000] };
const peer = (uid: number, gid = uid) => ({ pid: 7, uid, gid });

test.each([
  ['root', peer(0), 'change'],
  ["the agent's own user", peer(1000), 'change'],
  ['a user who is named', peer(2000), 'change'],
  ['a user of a group that is named', peer(5000, 300), 'change'],
  ['a reader', peer(4000), 'read'],
  ['anybody else', peer(5000), 'none'],
  ['one of whom the kernel tells nothing', undefined, 'none'],
] as const)('%s', (_who, who, access) => {
  expect(accessOf(who, rules, own)).toBe(access);
});

test('where no kernel tells users apart, the mode of the socket is what keeps others out', () => {
  expect(accessOf(undefined, rules, { uid: 1000, canTell: false })).toBe('change');
});

test('a socket is shared as soon as anybody is named', () => {
  expect(isShared({})).toBe(false);
  expect(isShared({ readerUids: [4000] })).toBe(true);
});
