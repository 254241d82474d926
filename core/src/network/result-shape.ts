import * as z from 'zod';
import { parseCidr, parseIp } from './cidr.ts';

const text = () => z.string().max(4_096);
const list = <T extends z.ZodType>(item: T, max = 1_024) =>
  z
    .array(item)
    .max(max)
    .default(() => []);
const count = () => z.int().min(0);
/** An address of either family. */
export const ipAddress = () => z.string().refine((value) => parseIp(value) !== undefined, { error: 'is no address' });
/** An address of either family with the length of its prefix; host bits may be set. */
export const ipPrefix = () => z.string().refine((value) => parseCidr(value) !== undefined, { error: 'is no address with a prefix length' });
/** Of however many bytes; empty for links without one. */
const mac = () => text().regex(/^([0-9a-f]{2}(:[0-9a-f]{2})*)?$/i, { error: 'is no MAC address' });

const attached = z.object({
  name: text().min(1).max(15),
  mac: mac().default(''),
  mtu: count().exactOptional(),
  sandbox: text().exactOptional(),
  pciId: text().exactOptional(),
  socketPath: text().exactOptional(),
});

const assigned = z
  .object({ address: ipPrefix(), gateway: ipAddress().exactOptional(), interface: count().exactOptional() })
  .refine(({ address, gateway }) => gateway === undefined || parseIp(gateway)?.family === parseCidr(address)?.family, {
    path: ['gateway'],
    error: 'is of another family than the address',
  });

const route = z.object({
  dst: ipPrefix(),
  gw: ipAddress().exactOptional(),
  mtu: count().exactOptional(),
  advmss: count().exactOptional(),
  priority: count().exactOptional(),
  table: count().exactOptional(),
  scope: count().exactOptional(),
});

const dns = z.object({
  nameservers: list(text(), 64),
  domain: text().exactOptional(),
  search: list(text(), 64),
  options: list(text(), 64),
});

/** AttachmentResult as it comes from elsewhere: from a mode without types, or from another process. What it has no key for is left out. */
export const resultShape = z.object({ interfaces: list(attached), ips: list(assigned), routes: list(route), dns: dns.exactOptional() });
