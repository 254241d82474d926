import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttachmentClaim, AttachmentRequest } from '../network/attachment.ts';
import { canonicalCidr, canonicalIp, contains, parseCidr, parseIp } from '../network/cidr.ts';
import { addressClaims, type Ipam } from '../network/ipam.ts';
import type { TestCore } from './core.ts';

/** What the suite gets for one test. */
export interface IpamFixture extends AsyncDisposable {
  readonly ipam: Ipam;
  /** The core whose ledger it takes from. */
  readonly core: TestCore;
}

export interface IpamContractOptions {
  /** One that hands out of these subnets alone: a few dozen addresses of either family. */
  make(subnets: readonly string[]): IpamFixture | Promise<IpamFixture>;
}

const SUBNETS = ['10.88.0.0/27', 'fd00:88::/64'] as const;
/** An IPv4 subnet of that size has no more. */
const MOST = 32;

/**
 * The contract of `Ipam` as tests: what an address plugin owes the engine.
 *
 * ```ts
 * describeIpamContract('ranges', { make: (subnets) => openRanges(subnets) });
 * ```
 */
export function describeIpamContract(name: string, options: IpamContractOptions): void {
  describe(`address contract: ${name}`, () => {
    let fixture: IpamFixture;
    let taken = 0;
    beforeEach(async () => {
      fixture = await options.make(SUBNETS);
    });
    afterEach(() => fixture[Symbol.asyncDispose]());

    const take = async (staticIps: readonly string[] = [], fails?: Error): Promise<readonly AttachmentClaim[]> => {
      const containerId = `c${taken++}`;
      const claim = fixture.ipam.claim(request(containerId, staticIps));
      await claim.prepare?.(AbortSignal.timeout(5_000));
      return fixture.core.metadata.write('state', (tx) => {
        const lease = fixture.core.leases.create(tx, { expiresInMs: 60_000 }).id;
        const claims = claim.take(tx, { holder: { containerId, ifname: 'eth0' }, lease });
        if (fails !== undefined) throw fails;
        return claims;
      });
    };
    const held = (): readonly string[] =>
      fixture.core.metadata.read('state', (tx) => Array.from(fixture.core.claims.list(tx, 'address'), ({ key }) => key)).toSorted();

    test('tells its subnets as networks with a gateway inside', () => {
      expect(fixture.ipam.subnets().map(({ subnet }) => subnet)).toEqual(SUBNETS);
      for (const { subnet, gateway } of fixture.ipam.subnets()) expect(isInside(subnet, gateway)).toBe(true);
    });

    test('hands out an address of each family, with its subnet and gateway', async () => {
      const claims = await take();
      expect(held()).toEqual(claims.map(({ key }) => key).toSorted());
      expect(addressClaims(claims).map(({ subnet, gateway }) => ({ subnet, gateway }))).toEqual(fixture.ipam.subnets());
      for (const { type, key, data } of claims) {
        const { address = '', subnet = '', gateway = '' } = data as Readonly<Record<string, string>>;
        expect([type, canonicalIp(key), canonicalCidr(subnet)]).toEqual(['address', key, subnet]);
        expect(address).toBe(`${key}/${subnet.split('/')[1]}`);
        expect(isInside(subnet, key)).toBe(true);
        expect(key).not.toBe(gateway);
      }
    });

    test('hands out none twice, until none is left, and then takes nothing', async () => {
      const keys: string[] = [];
      const end = await (async () => {
        for (let count = 0; count <= MOST; count++) keys.push(...(await take()).map(({ key }) => key));
      })().catch((error: unknown) => error);
      expect(end).toMatchObject({ code: 'ipam.exhausted' });
      if (fixture.ipam.ready !== undefined)
        expect(() => fixture.ipam.ready?.()).toThrow(expect.objectContaining({ code: 'ipam.exhausted' }));
      expect(keys.length).toBeGreaterThan(2);
      expect(new Set(keys).size).toBe(keys.length);
      expect(held()).toEqual(keys.toSorted());
    });

    test('gives who asks for an address this one, with or without a prefix', async () => {
      expect((await take(['10.88.0.9/27', 'fd00:88::9'])).map(({ key }) => key)).toEqual(['10.88.0.9', 'fd00:88::9']);
    });

    test('refuses an address that somebody has, one outside of its subnets, and what is none, and takes nothing', async () => {
      await take(['10.88.0.9']);
      const before = held();
      await expect(take(['10.88.0.9'])).rejects.toMatchObject({ code: 'ipam.address_in_use' });
      for (const wrong of ['192.0.2.1', 'fd00:99::1', 'lamp'])
        await expect((async () => take([wrong]))()).rejects.toMatchObject({ code: 'ipam.invalid_address' });
      expect(held()).toEqual(before);
    });

    test('takes nothing in a transaction that fails', async () => {
      const broken = new Error('something else was in the way');
      await expect(take(['10.88.0.9'], broken)).rejects.toBe(broken);
      expect(held()).toEqual([]);
      expect((await take(['10.88.0.9']))[0]?.key).toBe('10.88.0.9');
    });
  });
}

const request = (containerId: string, staticIps: readonly string[]): AttachmentRequest => ({
  containerId,
  ifname: 'eth0',
  netns: `/ns/${containerId}`,
  network: { name: 'contract', settings: {}, capabilities: {} },
  staticIps,
});

function isInside(subnet: string, address: string): boolean {
  const [cidr, ip] = [parseCidr(subnet), parseIp(address)];
  return cidr !== undefined && ip !== undefined && contains(cidr, ip);
}
