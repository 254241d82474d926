import { definePlugin } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { networkErrors } from '@hawser/core/network';
import { BridgeMode, noAddresses } from './bridge-mode.ts';
import { Config } from './config.ts';

/** `hawser.mode.v1.bridge`. */
export default definePlugin({
  provides: NetworkMode,
  id: 'bridge',
  enabled: 'configured',
  stability: 'beta',
  summary: 'Attaches containers to a Linux bridge on the node.',
  config: Config,
  errors: networkErrors,
  requires: { host: Host, ipams: Ipam.all() },
  start({ config, host, ipams, clock, skip, status, onReconfigure }) {
    for (const feature of ['veth', 'bridge'] as const)
      if (!host.supports(feature)) return skip(host.missing(feature) ?? `this host has no ${feature}`);
    const mode = new BridgeMode({ config, host, ipams, clock, served: () => status.ok() });
    const look = ({ ipam }: Config): void => {
      if (ipams.list().some(({ id }) => id === ipam)) status.ok();
      else status.degraded(noAddresses(ipam, ipams));
    };
    look(config);
    onReconfigure((next) => {
      mode.reconfigure(next);
      look(next);
    });
    return mode;
  },
});
