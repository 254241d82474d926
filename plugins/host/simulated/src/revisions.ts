import { listAddresses } from './model/addresses.ts';
import { renderLink } from './model/links.ts';
import { deviceNamed, type Net } from './model/state.ts';
import { readSysctl } from './model/sysctls.ts';

const FORWARDING = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];

/** Numbers for what links look like, another one for each look that differs from the one before. */
export class Revisions {
  private readonly seen = new WeakMap<Net, Map<string, { readonly text: string; readonly revision: number }>>();
  private last = 0;

  /** As the contract's `revision` has it. */
  of(net: Net, name: string): number | undefined {
    const device = deviceNamed(net, name);
    if (device === undefined) return undefined;
    const { running: _running, ...settings } = renderLink(device);
    const text = JSON.stringify([settings, listAddresses(net, name), FORWARDING.map((sysctl) => readSysctl(net, sysctl))]);
    const links = this.seen.get(net) ?? new Map<string, { text: string; revision: number }>();
    this.seen.set(net, links);
    const known = links.get(name);
    if (known?.text === text) return known.revision;
    links.set(name, { text, revision: ++this.last });
    return this.last;
  }
}
