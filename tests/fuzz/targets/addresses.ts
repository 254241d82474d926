import { cidr, ipAddress, mac, pciAddress } from '@hawser/core';
import {
  addressCount,
  canonicalCidr,
  canonicalIp,
  canonicalMac,
  contains,
  formatCidr,
  formatIp,
  lastIp,
  networkOf,
  parseCidr,
  parseIp,
} from '@hawser/core/network';
import * as fc from 'fast-check';
import { parseAddress, parseCidr as parseKernelCidr, parseMac } from '../../../plugins/host/linux/src/address-text.ts';
import { hold, unlessRefused } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const PIECES = [
  '::',
  ':',
  '.',
  '/',
  '%eth0',
  '0',
  '00',
  '255',
  '256',
  'ffff',
  '::ffff:',
  '/0',
  '/08',
  '/32',
  '/33',
  '/128',
  '/129',
  '-',
  'g',
  '١',
  '0x',
];

const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended());
const length = fc.oneof(fc.nat(200).map(String), fc.constantFrom('', '00', '08', '+1', '1e1', ' 8', '8 '));
const hexadecimal = fc.array(fc.constantFrom('0a', 'FF', '00', '9', 'g0'), { minLength: 5, maxLength: 7 });

/** Addresses, prefixes and MACs, as config, CNI and the kernel's own side read them. */
export const addresses: FuzzTarget = {
  name: 'addresses',
  summary: 'IP addresses, CIDR ranges and MAC addresses: all readers agree, and what is printed is read as the same',
  format: 'text',
  pieces: PIECES,
  grammar: fc.oneof(
    address,
    fc.tuple(address, length).map((parts) => parts.join('/')),
    fc.tuple(hexadecimal, fc.constantFrom(':', '-', '.')).map(([parts, between]) => parts.join(between)),
  ),
  runs: 1_500,
  open: () => ({
    attempt(input) {
      const text = input.toString();
      attemptIp(text);
      attemptCidr(text);
      attemptMac(text);
    },
  }),
};

function attemptIp(text: string): void {
  const ip = parseIp(text);
  const taken = ipAddress().safeParse(text).success;
  hold(taken === (ip !== undefined), `a setting ${taken ? 'takes' : 'refuses'} the address, the reader does not agree`);
  const bytes = unlessRefused('host', () => parseAddress(text));
  hold((bytes !== undefined) === taken, 'the kernel’s side does not agree that it is an address');
  if (ip === undefined) return hold(canonicalIp(text) === undefined, 'what is no address has a canonical text');
  const again = parseIp(formatIp(ip));
  hold(again?.value === ip.value && again.family === ip.family, `printed as ${formatIp(ip)} it is another address`);
  hold(canonicalIp(formatIp(ip)) === formatIp(ip), 'the canonical text is not canonical');
}

function attemptCidr(text: string): void {
  const range = parseCidr(text);
  const taken = cidr().safeParse(text).success;
  hold(taken === (range !== undefined), `a setting ${taken ? 'takes' : 'refuses'} the range, the reader does not agree`);
  const prefix = unlessRefused('host', () => parseKernelCidr(text));
  hold((prefix !== undefined) === taken, 'the kernel’s side does not agree that it is a range');
  if (range === undefined) return;
  hold(canonicalCidr(formatCidr(range)) === formatCidr(range), 'the canonical text is not canonical');
  const network = networkOf(range);
  hold(contains(range, range) && contains(range, network) && contains(range, lastIp(range)), 'a range does not hold its own addresses');
  hold(lastIp(range).value - network.value + 1n === addressCount(range), 'the addresses of a range are miscounted');
}

function attemptMac(text: string): void {
  const canonical = canonicalMac(text);
  if (mac().safeParse(text).success) hold(canonical !== undefined && parseMac(text).length === 6, 'a setting takes what is no MAC');
  if (canonical === undefined) return;
  hold(canonicalMac(canonical) === canonical && mac().parse(canonical) === canonical, `the canonical text ${canonical} is not canonical`);
}

/** The places of devices. */
export const pci: FuzzTarget = {
  name: 'pci',
  summary: 'PCI addresses: the name that sysfs has, whatever way it was written',
  format: 'text',
  pieces: ['0000:', '3b:', '00.', '1f', '.7', '.8', '20', '10000:', '00010000:', ':', '.', 'ffffffff:', '\n'],
  grammar: fc
    .tuple(fc.constantFrom('', '0000:', '10000:', '0:', 'FFFF:', '012345678:'), fc.nat(0x1ff), fc.nat(0x3f), fc.nat(9))
    .map(([domain, bus, device, fn]) => `${domain}${bus.toString(16).padStart(2, '0')}:${device.toString(16).padStart(2, '0')}.${fn}`),
  runs: 800,
  open: () => ({
    attempt(input) {
      const { success, data, error } = pciAddress().safeParse(input.toString());
      if (!success)
        return hold(
          error.issues.every(({ message }) => message.startsWith('expected a PCI address')),
          'no sentence says why',
        );
      hold(/^([0-9a-f]{4}|[1-9a-f][0-9a-f]{4,7}):[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(data), `${data} is no name in sysfs`);
      hold(pciAddress().parse(data) === data, `read again ${data} is another one`);
    },
  }),
};
