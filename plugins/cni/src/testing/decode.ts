import { CniError } from '../protocol/cni-error.ts';
import { type CniRequest, decodeRequest } from '../protocol/decode.ts';

/** A complete environment of an ADD. */
export const FULL = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'abc.1_2-3',
  CNI_NETNS: '/run/netns/x',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};
export const CONFIG = { cniVersion: '1.1.0', name: 'net', type: 'hawser-cni' };

/** Variables over `FULL`; one that is undefined is left out. */
type Variables = Readonly<Record<string, string | undefined>>;

export const encode = (variables: Variables): Buffer =>
  Buffer.from(
    Object.entries(variables)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );

export function decode(variables: Variables, config: unknown = CONFIG): CniRequest {
  const input = typeof config === 'string' || Buffer.isBuffer(config) ? Buffer.from(config) : Buffer.from(JSON.stringify(config));
  return decodeRequest({ environment: encode({ ...FULL, ...variables }), input });
}

/** How a call is refused; code 0 when it isn't. Anything but a CniError is thrown. */
export const refusal = (variables: Variables, config: unknown = CONFIG): Refusal => refusalOf(() => decode(variables, config));

export interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** The same of any action. */
export function refusalOf(action: () => unknown): Refusal {
  try {
    action();
  } catch (error) {
    if (error instanceof CniError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 0, message: '' };
}

/** The request of an ADD with this over `CONFIG`. */
export const add = (config: object, variables: Variables = {}) => {
  const call = decode(variables, { ...CONFIG, ...config });
  if (call.verb !== 'ADD') throw new Error(call.verb);
  return call.request;
};
