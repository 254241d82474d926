import type { Rule } from '@hawser/core/network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../address-text.ts';
import { messageOf, messagesOf } from '../testing/messages.ts';
import { decodeEvents } from '../watch.ts';
import { addAddress, decodeAddress } from './address.ts';
import { attribute, plainNest } from './attributes.ts';
import { u32 } from './bytes.ts';
import { type LinkFields, decodeGroup, decodeLink, newBridge, newVeth, setLink } from './link.ts';
import { type Message, type Request, encodeRequests } from './message.ts';
import { decodeNeighbour, setNeighbour } from './neighbour.ts';
import { type IndexedRoute, decodeRoutes, replaceRoute } from './route.ts';
import { addRule, decodeRule } from './rule.ts';

/** What the kernel would tell of an object is written as requests to make it are. */
function echo(request: Request): Message {
  const [message] = messagesOf(encodeRequests([request], 1, 0));
  return message ?? expect.fail('one request is one message');
}

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const address4 = octets(4).map((bytes) => bytes.join('.'));
const address6 = fc.integer({ min: 1, max: 0xfffe }).map((last) => `fd00:88::${last.toString(16)}`);
const u32s = fc.integer({ min: 1, max: 0xffffffff });

describe('links', () => {
  it('come back with all that a message about them may set', () => {
    const fields: LinkFields = {
      index: 7,
      name: 'port0',
      mac: Buffer.from('0a580a580005', 'hex'),
      mtu: 1400,
      up: true,
      alias: 'pod 1',
      master: 3,
      group: 0x68617773,
    };
    expect(decodeLink(echo(newVeth(fields, { name: 'eth0' }, '')))).toEqual({
      index: 7,
      name: 'port0',
      mac: '0a:58:0a:58:00:05',
      mtu: 1400,
      kind: 'veth',
      up: true,
      running: false,
      promiscuous: false,
      group: 0x68617773,
      master: 3,
      alias: 'pod 1',
    });
    expect(decodeLink(echo(newBridge({ name: 'br0', promiscuous: true }, '')))).toMatchObject({
      kind: 'bridge',
      mac: '',
      promiscuous: true,
      group: 0,
    });
  });

  it('have a group that can be read by itself', () => {
    expect(decodeGroup(echo(newBridge({ name: 'br0', group: 0x68617773 }, '')))).toBe(0x68617773);
    expect(decodeGroup(echo(newBridge({ name: 'br0' }, '')))).toBe(0);
    expect(decodeGroup(messageOf(20, Buffer.alloc(40)))).toBeUndefined();
  });

  it('are not what bridges announce of their ports', () => {
    const request = newBridge({ name: 'br0' }, '');
    const header = Buffer.from(request.header);
    header[0] = 7;
    expect(decodeLink(echo({ ...request, header }))).toBeUndefined();
  });

  it('keep what a message does not name', () => {
    const { header, attributes } = setLink({ index: 5, mtu: 1400 }, '');
    expect(Buffer.from(header).readUInt32LE(12)).toBe(0);
    expect(attributes?.length).toBe(1);
  });
});

describe('addresses', () => {
  it('come back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          address4.map((text) => `${text}/20`),
          address6.map((text) => `${text}/64`),
        ),
        fc.boolean(),
        (cidr, nodad) => {
          const expected = { link: 9, cidr, nodad: nodad && cidr.includes(':') };
          expect(decodeAddress(echo(addAddress(9, parseCidr(cidr), nodad, '')))).toEqual(expected);
        },
      ),
    );
  });

  it('of IPv4 have their broadcast address where there is one', () => {
    const broadcast = (cidr: string) => addAddress(1, parseCidr(cidr), false, '').attributes?.find(({ type }) => type === 4)?.payload;
    expect(broadcast('10.88.5.6/16')).toEqual(Uint8Array.of(10, 88, 255, 255));
    expect(broadcast('10.88.5.6/30')).toEqual(Uint8Array.of(10, 88, 5, 7));
    expect(broadcast('10.88.5.6/31')).toBeUndefined();
  });
});

describe('routes', () => {
  const anyRoute: fc.Arbitrary<IndexedRoute> = fc
    .tuple(fc.boolean(), address4, address6, u32s, u32s, fc.integer({ min: 68, max: 9000 }), fc.boolean())
    .map(([six, four, long, priority, table, mtu, onlink]) => {
      const [dst, gateway] = six ? ['fd01::/48', long] : ['198.51.100.0/24', four];
      return {
        dst,
        gateway,
        source: gateway,
        link: 4,
        priority,
        table,
        mtu,
        advmss: mtu - 40,
        type: 'unicast',
        scope: 'global',
        ...(onlink ? { onlink } : {}),
      };
    });

  it('come back with all that they say', () => {
    fc.assert(
      fc.property(anyRoute, (route) => {
        expect(decodeRoutes(echo(replaceRoute(route, '')))).toEqual([route]);
      }),
    );
  });

  it('have the scope that their kind has', () => {
    const scopeOf = (route: IndexedRoute) => decodeRoutes(echo(replaceRoute(route, '')))[0]?.scope;
    expect(scopeOf({ dst: '10.0.0.0/8' })).toBe('link');
    expect(scopeOf({ dst: '10.0.0.0/8', gateway: '10.0.0.1' })).toBe('global');
    expect(scopeOf({ dst: '10.0.0.0/8', type: 'unreachable' })).toBe('global');
    expect(scopeOf({ dst: 'fd00::/64' })).toBe('global');
  });

  it('of IPv4 may go by a gateway of IPv6', () => {
    expect(decodeRoutes(echo(replaceRoute({ dst: '0.0.0.0/0', gateway: 'fe80::1', link: 2 }, '')))).toMatchObject([{ gateway: 'fe80::1' }]);
  });

  it('with several hops are several', () => {
    const hop = (link: number) => Buffer.concat([Buffer.from([16, 0, 0, 0]), u32(link), Buffer.from([8, 0, 5, 0, 10, 0, 0, link])]);
    const request = replaceRoute({ dst: '10.0.0.0/8', gateway: '10.0.0.1' }, '');
    const multipath = attribute(9, Buffer.concat([hop(2), hop(3)]));
    const routes = decodeRoutes(
      echo({ ...request, attributes: [...(request.attributes ?? []).filter(({ type }) => type !== 5), multipath] }),
    );
    expect(routes.map(({ link, gateway }) => [link, gateway])).toEqual([
      [2, '10.0.0.2'],
      [3, '10.0.0.3'],
    ]);
  });

  it('that nobody can write are refused before the kernel is asked', () => {
    expect(() => replaceRoute({ dst: '10.0.0.0' }, '')).toThrow(expect.objectContaining({ code: 'host.invalid' }));
    expect(() => replaceRoute({ dst: '10.0.0.0/33' }, '')).toThrow(expect.objectContaining({ code: 'host.invalid' }));
    expect(() => replaceRoute({ dst: '10.0.0.0/8', source: 'fd00::1' }, '')).toThrow(expect.objectContaining({ code: 'host.invalid' }));
  });
});

describe('rules and neighbours', () => {
  it('come back', () => {
    fc.assert(
      fc.property(u32s, u32s, u32s, fc.integer({ min: 1, max: 0xfffffffe }), (priority, table, mark, mask) => {
        const rule: Rule = { family: 4, priority, table, mark, mask, from: '10.88.0.0/16', to: '10.89.0.0/24' };
        expect(decodeRule(echo(addRule(rule, '')))).toEqual(rule);
      }),
    );
    const mac = Buffer.from('0a580a580005', 'hex');
    expect(decodeNeighbour(echo(setNeighbour(3, Uint8Array.of(10, 88, 0, 1), mac, '')))).toEqual({
      link: 3,
      address: '10.88.0.1',
      mac: '0a:58:0a:58:00:05',
      permanent: true,
    });
  });
});

describe('garbage', () => {
  const types = fc.constantFrom(16, 17, 20, 21, 24, 28, 32);

  it('in a message is no object and no crash', () => {
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 120 }), (type, bytes) => {
        const message = messageOf(type, Buffer.from(bytes));
        for (const decode of [decodeLink, decodeGroup, decodeAddress, decodeRoutes, decodeRule, decodeNeighbour]) decode(message);
      }),
      { numRuns: 2_000 },
    );
  });

  it('in attributes of a sound header is no crash either', () => {
    fc.assert(
      fc.property(
        types,
        fc.constantFrom(2, 10),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.uint8Array({ maxLength: 24 }))),
        (type, family, pairs) => {
          const header = Buffer.alloc(type === 20 || type === 21 ? 8 : type < 20 ? 16 : 12);
          header[0] = type < 20 ? 0 : family;
          header[7] = 1;
          const message = echo({
            type,
            header,
            attributes: [plainNest(0, []), ...pairs.map(([kind, bytes]) => attribute(kind, bytes))],
            doing: '',
          });
          for (const decode of [decodeLink, decodeGroup, decodeAddress, decodeRoutes, decodeRule, decodeNeighbour]) decode(message);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('in notifications counts as an overrun', () => {
    expect(decodeEvents(Buffer.of(1, 2, 3), new Map())).toEqual([{ type: 'overrun' }]);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeEvents(Buffer.from(bytes), new Map())));
  });
});
