import type { JsonObject } from '../json.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { AttachmentClaim, AttachmentRequest } from './attachment.ts';
import type { ClaimRequest } from './mode.ts';

/** `data` of a claim of type `address`; its key is the address in canonical text. */
export interface AddressClaimData extends JsonObject {
  /** Address with the prefix length of its subnet: `10.88.0.5/16`. */
  readonly address: string;
  /** Network address of the subnet: `10.88.0.0/16`. */
  readonly subnet: string;
  readonly gateway: string;
}

/**
 * Hands out addresses: one of each family that it has ranges for. Static requests are honoured or refused
 * (`ipam.invalid_address`, `ipam.address_in_use`), never ignored; when a family has none left:
 * `ipam.exhausted`, which counts held and cooling ones.
 */
export interface Ipam {
  claim(request: AttachmentRequest): ClaimRequest;
  /**
   * Throws why nobody can get an address now: `ipam.exhausted` while every address of a family is held (not while some
   * only cool down), or what it lacks. Answers at once, from memory. One without it can always be asked.
   */
  ready?(): void;
  /** The subnets that it hands out of, canonical, for gateways and masquerading. */
  subnets(): readonly { readonly subnet: string; readonly gateway: string }[];
}

/** The address claims among an attachment's claims, in the order of families 4, 6. */
export function addressClaims(claims: readonly AttachmentClaim[]): readonly AddressClaimData[] {
  return claims.filter((claim) => claim.type === 'address').map((claim) => claim.data as AddressClaimData);
}

export const Ipam: Token<Ipam, 'hawser.ipam.v1'> = defineToken<Ipam>()('hawser.ipam.v1');
