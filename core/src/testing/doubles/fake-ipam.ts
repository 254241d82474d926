import type { Claims, Holder } from '../../claims/claims.ts';
import type { AttachmentClaim, AttachmentRequest } from '../../network/attachment.ts';
import {
  canonicalIp,
  type Cidr,
  contains,
  formatCidr,
  formatIp,
  hostCount,
  networkOf,
  nextIp,
  parseCidr,
  parseIp,
} from '../../network/cidr.ts';
import { ipamErrors } from '../../network/errors.ts';
import type { AddressClaimData, Ipam } from '../../network/ipam.ts';
import type { ClaimContext, ClaimRequest } from '../../network/mode.ts';
import type { Transaction } from '../../metadata/store.ts';

/** What a fake address plugin hands out of, and whom it tells. */
export interface FakeIpamOptions {
  /** One of a family at most; 10.88.0.0/24 unless told. Gateways are their first addresses. */
  readonly subnets?: readonly string[];
  /** The ledger that addresses are taken from, so that they are released with what holds them; its own memory unless told. */
  readonly claims?: Claims;
}

/** An address plugin in memory that a test can see through and exhaust. */
export interface FakeIpam extends Ipam {
  /** Whoever asked for a claim, in order. */
  readonly asked: readonly AttachmentRequest[];
  /** Address → holder, of those that it keeps itself. */
  readonly held: ReadonlyMap<string, Holder>;
  /** No address is left, until `refill`. */
  exhaust(): void;
  refill(): void;
  free(address: string): void;
}

interface Pool {
  readonly subnet: Cidr;
  readonly text: string;
  readonly gateway: string;
}

/** Keeps the contract of address plugins (`describeIpamContract`) but for cooldowns. */
export function fakeIpam({ subnets = ['10.88.0.0/24'], claims }: FakeIpamOptions = {}): FakeIpam {
  const pools = subnets.map(poolOf);
  const asked: AttachmentRequest[] = [];
  const held = new Map<string, Holder>();
  let isExhausted = false;

  const isFree = (tx: Transaction, address: string): boolean =>
    claims === undefined ? !held.has(address) : claims.isFree(tx, 'address', address);
  const take = (tx: Transaction, { subnet, text, gateway }: Pool, key: string, context: ClaimContext): AttachmentClaim => {
    const data: AddressClaimData = { address: `${key}/${subnet.length}`, subnet: text, gateway };
    if (claims !== undefined) claims.take(tx, { type: 'address', key, data, ...context });
    else held.set(key, context.holder);
    return { type: 'address', key, data };
  };
  const choose = (tx: Transaction, pool: Pool, wanted: string | undefined): string => {
    if (wanted !== undefined && !isFree(tx, wanted)) throw ipamErrors.addressInUse(`${wanted} is in use`);
    const free = isExhausted ? undefined : (wanted ?? candidates(pool).find((address) => isFree(tx, address)));
    if (free === undefined) throw ipamErrors.exhausted(`no address is left in ${pool.text}`);
    return free;
  };
  const claim = (request: AttachmentRequest): ClaimRequest => {
    asked.push(request);
    const wanted = wantedBy(request, pools);
    return {
      type: 'address',
      take: (tx, context) => {
        // All are chosen before any is taken: one that throws takes nothing.
        const chosen = pools.map((pool) => [pool, choose(tx, pool, wanted.get(pool))] as const);
        return chosen.map(([pool, address]) => take(tx, pool, address, context));
      },
    };
  };
  const ready = (): void => {
    const full = pools.find((pool) => isExhausted || candidates(pool).every((address) => held.has(address)));
    if (full !== undefined) throw ipamErrors.exhausted(`no address is left in ${full.text}`);
  };
  return {
    asked,
    held,
    claim,
    // Of a ledger it knows nothing without a transaction.
    ...(claims === undefined ? { ready } : {}),
    subnets: () => pools.map(({ text, gateway }) => ({ subnet: text, gateway })),
    exhaust: () => void (isExhausted = true),
    refill: () => void (isExhausted = false),
    free: (address) => void held.delete(address),
  };
}

function poolOf(text: string): Pool {
  const parsed = parseCidr(text);
  const subnet = parsed && networkOf(parsed);
  const gateway = subnet && nextIp(subnet);
  if (subnet === undefined || gateway === undefined) throw new TypeError(`'${text}' is no subnet such as 10.88.0.0/24`);
  return { subnet, text: formatCidr(subnet), gateway: formatIp(gateway) };
}

/** More are never asked for in a test. */
const MOST = 4_096n;

/** In order, without the gateway. */
function candidates({ subnet }: Pool): readonly string[] {
  const last = hostCount(subnet);
  const count = Number(last < MOST ? last : MOST);
  const found: string[] = [];
  for (let ip = nextIp(subnet); ip !== undefined && found.length < count; ip = nextIp(ip)) found.push(formatIp(ip));
  return found.slice(1);
}

/** Static addresses by the pool that has them. */
function wantedBy({ staticIps }: AttachmentRequest, pools: readonly Pool[]): ReadonlyMap<Pool, string> {
  const wanted = new Map<Pool, string>();
  for (const text of staticIps) {
    const plain = text.replace(/\/.*$/, '');
    const ip = parseIp(plain);
    const pool = ip && pools.find(({ subnet }) => subnet.family === ip.family && contains(subnet, ip));
    const address = canonicalIp(plain);
    if (pool === undefined || address === undefined || address === pool.gateway || wanted.has(pool))
      throw ipamErrors.invalidAddress(`${text} is no address of ${pools.map((one) => one.text).join(' or ')} that can be had`);
    wanted.set(pool, address);
  }
  return wanted;
}
