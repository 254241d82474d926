import type { JsonObject, JsonValue } from '@hawser/core';
import { networkErrors } from '@hawser/core/network';

/** Settings of the reference bridge that ask for what this mode can't do yet, with the values that ask for nothing. */
const SETTINGS: Readonly<Record<string, readonly JsonValue[]>> = {
  vlan: [0],
  vlanTrunk: [],
  portIsolation: [false],
  enabledad: [false],
  macspoofchk: [false],
  disableContainerInterface: [false],
  uplinkInterface: [''],
  ipMasqBackend: ['', 'nftables'],
};

/** Keys of a network's `ipam` that would decide over addresses; they come from the agent's ranges. */
const IPAM_SETTINGS = ['ranges', 'subnet', 'rangeStart', 'rangeEnd', 'gateway', 'addresses', 'dataDir', 'resolvConf'];

const CAPABILITIES = ['portMappings', 'bandwidth', 'ipRanges'];

/** Refuses what would have to be ignored: `network.unsupported`, naming key and value. */
export function refuseUnsupported(settings: JsonObject, capabilities: JsonObject): void {
  for (const [key, harmless] of Object.entries(SETTINGS)) {
    const value = settings[key];
    if (!isEmpty(value) && !harmless.some((accepted) => accepted === value)) refuse(key, value);
  }
  for (const [key, value] of Object.entries(capabilities)) {
    const known = CAPABILITIES.find((name) => name.toLowerCase() === key.toLowerCase());
    if (known !== undefined && !isEmpty(value) && !(known === 'bandwidth' && limitsNothing(value))) refuse(known, value, 'capability');
  }
}

/** The same for the network's `ipam`; its type may name an address plugin of the agent. */
export function refuseForeignIpam(ipam: JsonObject, known: readonly string[]): void {
  const type = ipam['type'];
  if (!isEmpty(type) && !known.some((id) => id === type)) {
    const here = known.length === 0 ? 'none is on' : `on are ${known.join(', ')}`;
    throw unsupported(
      'ipam.type',
      type,
      `ipam.type ${show(type)} is not supported by the bridge mode: addresses come from the agent's own address plugins (${here})`,
    );
  }
  for (const key of IPAM_SETTINGS) if (!isEmpty(ipam[key])) refuse(`ipam.${key}`, ipam[key]);
}

function refuse(key: string, value: JsonValue | undefined, what = 'setting'): never {
  throw unsupported(key, value, `the bridge mode does not support the ${what} ${key} yet (it is ${show(value)})`);
}

const unsupported = (key: string, value: JsonValue | undefined, message: string): Error =>
  networkErrors.unsupported(message, { details: { key, value: show(value) } });

const isEmpty = (value: JsonValue | undefined): boolean =>
  value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** containerd sends all rates and bursts, zero where there is no limit. */
function limitsNothing(value: JsonValue | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([key, part]: readonly [string, JsonValue | undefined]) => !/rate$/i.test(key) || isEmpty(part) || part === 0,
  );
}

/** Enough of a value to recognise it. */
function show(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
