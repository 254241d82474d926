import type { Family } from '@hawser/core/network';
import { refuse } from './refusal.ts';
import { type Device, deviceNamed, type Net, type NetSettings } from './state.ts';

const DEVICE_DEFAULTS: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  4: {
    forwarding: '0',
    rp_filter: '0',
    arp_notify: '0',
    arp_ignore: '0',
    arp_announce: '0',
    proxy_arp: '0',
    proxy_arp_pvlan: '0',
    accept_local: '0',
    accept_redirects: '1',
    send_redirects: '1',
    route_localnet: '0',
    promote_secondaries: '0',
    disable_policy: '0',
    src_valid_mark: '0',
  },
  6: {
    forwarding: '0',
    accept_ra: '1',
    accept_ra_defrtr: '1',
    accept_dad: '1',
    accept_redirects: '1',
    autoconf: '1',
    addr_gen_mode: '0',
    dad_transmits: '1',
    disable_ipv6: '0',
    keep_addr_on_down: '0',
    ndisc_notify: '0',
    proxy_ndp: '0',
    optimistic_dad: '0',
    enhanced_dad: '1',
  },
};

const OTHERS: Readonly<Record<string, string>> = {
  'net.ipv4.ping_group_range': '1\t0',
  'net.ipv4.ip_local_port_range': '32768\t60999',
  'net.ipv4.fib_multipath_hash_policy': '0',
  'net.ipv4.ip_nonlocal_bind': '0',
  'net.ipv4.tcp_l3mdev_accept': '0',
  'net.core.somaxconn': '4096',
};

/** `net.ipv4.conf.eth0.rp_filter` taken apart; a `/` in the device's part is a dot of its name. */
const BY_DEVICE = /^net\.ipv([46])\.conf\.([^.]+)\.([a-z0-9_]+)$/;

export function newSettings(): NetSettings {
  const byDevice = new Map<string, Map<string, string>>();
  for (const family of [4, 6] as const)
    for (const scope of ['all', 'default']) byDevice.set(`${family}/${scope}`, new Map(Object.entries(DEVICE_DEFAULTS[family])));
  // The kernel asks `all` and the link whether to look for duplicates; only the link's default says yes.
  byDevice.get('6/all')?.set('accept_dad', '0');
  return { byDevice, others: new Map(Object.entries(OTHERS)) };
}

/** A new device starts with what `default` says. */
export function addDeviceSettings(device: Device): void {
  const { byDevice } = device.net.settings;
  for (const family of [4, 6] as const) byDevice.set(`${family}/${device.index}`, new Map(byDevice.get(`${family}/default`)));
}

export function writeDeviceSetting(device: Device, family: Family, key: string, value: string): void {
  device.net.settings.byDevice.get(`${family}/${device.index}`)?.set(key, value);
}

export function removeDeviceSettings(device: Device): void {
  for (const family of [4, 6] as const) device.net.settings.byDevice.delete(`${family}/${device.index}`);
}

/** A device's setting as a number; `all` raises it. */
export function setting(device: Device, family: Family, key: string): number {
  const of = (scope: string | number): number => Number(device.net.settings.byDevice.get(`${family}/${scope}`)?.get(key) ?? '0');
  return Math.max(of(device.index), of('all'));
}

/** A device's own setting as a number. */
export function ownSetting(device: Device, family: Family, key: string): number {
  return Number(device.net.settings.byDevice.get(`${family}/${device.index}`)?.get(key) ?? '0');
}

export function readSysctl(net: Net, name: string): string | undefined {
  const place = locate(net, name);
  return place?.map.get(place.key);
}

/** Returns the devices whose setting has changed with it. */
export function writeSysctl(net: Net, name: string, value: string): { readonly key: string; readonly devices: readonly Device[] } {
  const place = locate(net, name);
  const before = place?.map.get(place.key);
  if (place === undefined || before === undefined) return refuse('ENOENT', `there is no sysctl '${name}'`);
  if (/^-?\d+$/.test(before) && !/^-?\d{1,10}$/.test(value)) refuse('EINVAL', `'${value}' is no value for sysctl '${name}'`);
  place.map.set(place.key, value);
  const spreads = place.key === 'forwarding' && place.scope === 'all';
  const devices = [...net.devices.values()].filter((device) => spreads || place.scope === String(device.index));
  if (spreads)
    for (const scope of ['default', ...devices.map((device) => String(device.index))])
      net.settings.byDevice.get(`${place.family}/${scope}`)?.set('forwarding', value);
  return { key: place.key, devices };
}

interface Place {
  readonly map: Map<string, string>;
  readonly key: string;
  readonly scope: string;
  readonly family: Family;
}

function locate(net: Net, name: string): Place | undefined {
  if (!/^net\.[a-z0-9]/.test(name) || name.includes('..')) refuse('EINVAL', `'${name}' is no sysctl of the network`);
  const known = name === 'net.ipv4.ip_forward' ? 'net.ipv4.conf.all.forwarding' : name;
  const [matched, family, device = '', key = ''] = BY_DEVICE.exec(known) ?? [];
  if (matched === undefined) return { map: net.settings.others, key: known, scope: '', family: 4 };
  const scope = device === 'all' || device === 'default' ? device : String(deviceNamed(net, device.replaceAll('/', '.'))?.index ?? '');
  const map = net.settings.byDevice.get(`${family}/${scope}`);
  return map === undefined ? undefined : { map, key, scope, family: family === '6' ? 6 : 4 };
}
