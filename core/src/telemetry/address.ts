import { isIP } from 'node:net';
import * as z from 'zod';

/** Where to listen: an address of this machine, never a name, so that nobody else decides where that is. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9464` or `[::1]:9464`; port 0 takes any that is free. The text stays as it is: see `parseTcpAddress`. */
export function tcpAddress(): z.ZodString {
  return z
    .string()
    .refine((text) => parseTcpAddress(text) !== undefined, {
      error: (issue) =>
        `expected an address with a port such as 127.0.0.1:9464 or [::1]:9464, not ${JSON.stringify(issue.input).slice(0, 60)}`,
    })
    .meta({ kind: 'TCP address', maxLength: 54 });
}

/** The parts of an address as `tcpAddress` takes it; undefined where it is none. */
export function parseTcpAddress(text: string): TcpAddress | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const isFamily = isIP(host) === (bracketed === undefined ? 4 : 6);
  return isFamily && Number(digits) <= 65_535 ? { host, port: Number(digits) } : undefined;
}
