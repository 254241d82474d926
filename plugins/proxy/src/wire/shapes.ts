/**
 * What messages hold, checked: each schema is one message of proto/hawser. Only what was set arrives, so a scalar that is
 * absent is its default, as proto3 has it. Lists and texts are bounded, whatever the size of a message may be.
 */
import type { JsonObject } from '@hawser/core';
import { ipAddress, ipPrefix, resultShape as result } from '@hawser/core/network';
import * as z from 'zod';
import { struct } from './struct.ts';

const text = () => z.string().max(4_096);
const name = () => text().min(1);
const list = <T extends z.ZodType>(item: T, max = 1_024) =>
  z
    .array(item)
    .max(max)
    .default(() => []);
const count = () => z.int().min(0);

const pod = z.object({ namespace: text().default(''), name: text().default(''), uid: text().exactOptional() });

/** AttachmentRequest. */
const request = z.object({
  containerId: name(),
  ifname: name(),
  netns: name(),
  network: z.object({ name: name(), mode: text().exactOptional(), settings: struct, capabilities: struct }),
  pod: pod.exactOptional(),
  staticIps: list(text()),
  mac: text().exactOptional(),
  previous: result.exactOptional(),
});

const claimType = z
  .string()
  .max(76)
  .regex(/^[a-z][a-z0-9-]*$/, { error: 'is no type of claim ([a-z][a-z0-9-]*)' });
/** A claim's full name must fit into a key of the store. */
const claimKey = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}]+$/u, { error: 'has control characters' });

const claim = z.object({ type: claimType, key: claimKey, data: struct });

/** ClaimId. */
const claimId = z.object({ type: claimType, key: claimKey });

/** Proposal. */
export const proposal = z.object({
  candidates: z.array(claim).min(1).max(256),
  cooldownMs: count().default(0),
});

/** Attachment. */
const attachment = z.object({
  containerId: name(),
  ifname: name(),
  id: name(),
  network: name(),
  mode: name(),
  netns: name(),
  pod: pod.exactOptional(),
  mac: text().exactOptional(),
  settings: struct,
  claims: list(claim),
  result: result.exactOptional(),
});

export const handshakeRequest = z.object({
  apiVersions: list(count()),
  uri: text().default(''),
  contract: text().default(''),
  config: struct,
});
const label = z
  .string()
  .min(1)
  .max(76)
  .regex(/^[^\p{Cc}]+$/u);
export const handshakeResponse = z.object({
  apiVersion: count().default(0),
  name: label,
  version: label,
  contracts: list(text(), 64),
});
export const healthResponse = z.object({ status: z.enum(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']).default('UNKNOWN') });

export const settingsRequest = z.object({ request });
export const settingsResponse = z.object({ settings: struct });
export const claimsRequest = z.object({ request, settings: struct, refused: list(claimId) });
export const claimsResponse = z.object({
  needs: list(
    z
      .object({ proposal: proposal.exactOptional(), addressesFrom: name().max(76).exactOptional() })
      .refine((need) => need.proposal !== undefined || need.addressesFrom !== undefined, { error: 'is empty' }),
    64,
  ),
});
export const attachRequest = z.object({ attachment });
export const attachResponse = z.object({ result });
export const checkResponse = z.object({});
export const detachResponse = z.object({ settled: z.boolean().default(false) });
export const subnetsRequest = z.object({});
export const subnetsResponse = z.object({ subnets: list(z.object({ subnet: ipPrefix(), gateway: ipAddress() })) });
export const proposeRequest = z.object({ request, refused: list(claimId) });
export const proposeResponse = z.object({ proposals: list(proposal, 64) });

/** A resource that can be claimed. */
export type WireClaim = { readonly type: string; readonly key: string; readonly data: JsonObject };
/** What may be taken: any one of the candidates, the first that is free. */
export type Proposal = z.output<typeof proposal>;
/** What the ledger has refused. */
export type Refused = readonly z.output<typeof claimId>[];
