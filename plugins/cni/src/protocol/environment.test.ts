import { describe, expect, test } from 'vitest';
import { add, decode, encode, FULL, refusal } from '../testing/decode.ts';
import { decodeRequest } from './decode.ts';

describe('the environment', () => {
  test.each([
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH']],
    ['GC', ['CNI_PATH']],
    ['STATUS', ['CNI_PATH']],
  ])('%s names everything that is missing in one message', (command, required) => {
    const none = Object.fromEntries(Object.keys(FULL).map((key) => [key, undefined]));
    expect(refusal({ ...none, CNI_COMMAND: command })).toEqual({
      code: 4,
      message: `required environment variables are missing: ${required.join(', ')}`,
    });
    const empty = Object.fromEntries(Object.keys(FULL).map((key) => [key, '']));
    expect(refusal({ ...empty, CNI_COMMAND: command }).message).toContain(required.join(', '));
  });

  test('a missing command is told', () => {
    expect(refusal({ CNI_COMMAND: undefined })).toEqual({ code: 4, message: 'required environment variables are missing: CNI_COMMAND' });
  });

  test('missing variables come before a bad config, a bad config before an unknown command', () => {
    expect(refusal({ CNI_IFNAME: '' }, '{').code).toBe(4);
    expect(refusal({ CNI_COMMAND: 'FROB' }, '{').code).toBe(6);
    expect(refusal({ CNI_COMMAND: 'add' })).toEqual({ code: 4, message: 'CNI_COMMAND is none of ADD, DEL, CHECK, GC, STATUS, VERSION' });
  });

  test('a container id has 512 characters at most: more would not fit into the store', () => {
    expect(add({}, { CNI_CONTAINERID: 'a'.repeat(512) }).containerId).toHaveLength(512);
    expect(refusal({ CNI_CONTAINERID: 'a'.repeat(513) })).toMatchObject({
      code: 4,
      message: 'CNI_CONTAINERID has 513 characters, more than the 512 that it may have',
    });
  });

  test.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a\n', 'a;b'])('the container id %j is refused', (CNI_CONTAINERID) => {
    expect(refusal({ CNI_CONTAINERID })).toMatchObject({ code: 4, message: expect.stringContaining('CNI_CONTAINERID') });
  });

  test.each(['.', '..', 'a/b', 'a:b', 'a b', 'a\tb', 'sixteen-letters-', 'ééééé​éééé', '\u0001'])(
    'the interface name %j is refused',
    (CNI_IFNAME) => {
      expect(refusal({ CNI_IFNAME })).toMatchObject({ code: 4, message: expect.stringContaining('CNI_IFNAME') });
    },
  );

  test.each(['a', 'eth0', 'fifteen-letters', 'é', 'a.b@c'])('the interface name %j is taken', (CNI_IFNAME) => {
    expect(add({}, { CNI_IFNAME }).ifname).toBe(CNI_IFNAME);
  });

  test('what is not valid UTF-8 is told with code 4', () => {
    const environment = Buffer.concat([encode(FULL), Buffer.from('CNI_ARGS='), Buffer.from([0xff, 0]), Buffer.from('X')]);
    expect(() => decodeRequest({ environment, input: Buffer.from('{}') })).toThrow(/UTF-8/);
  });
});

describe('CNI_ARGS', () => {
  test('gives pod, address and MAC in any order', () => {
    const CNI_ARGS = 'MAC=02:00:00:00:00:01;K8S_POD_NAME=web;IgnoreUnknown=1;X=y;IP=10.0.0.9,fd00::9;K8S_POD_UID=u;K8S_POD_NAMESPACE=shop;';
    expect(add({}, { CNI_ARGS })).toMatchObject({
      pod: { namespace: 'shop', name: 'web', uid: 'u' },
      staticIps: ['10.0.0.9', 'fd00::9'],
      mac: '02:00:00:00:00:01',
    });
  });

  test.each(['', undefined, 'IgnoreUnknown=true', 'K8S_POD_NAME=web', 'IP=;MAC='])('%j asks for nothing', (CNI_ARGS) => {
    const request = add({}, { CNI_ARGS });
    expect(request.staticIps).toEqual([]);
    expect(request).not.toHaveProperty('pod');
    expect(request).not.toHaveProperty('mac');
  });

  test('an unknown key is refused unless told otherwise, and never repeated', () => {
    expect(refusal({ CNI_ARGS: 'HUNTER2=x' })).toEqual({ code: 4, message: 'CNI_ARGS has a key that is not known' });
    expect(refusal({ CNI_ARGS: 'HUNTER2=x;IgnoreUnknown=0' }).code).toBe(4);
    expect(refusal({ CNI_ARGS: 'noequals;IgnoreUnknown=1' }).code).toBe(4);
    expect(refusal({ CNI_ARGS: '__proto__=x' }).code).toBe(4);
  });

  test('does not stand in the way of a DEL', () => {
    expect(decode({ CNI_COMMAND: 'DEL', CNI_ARGS: 'garbage' }).verb).toBe('DEL');
  });
});
